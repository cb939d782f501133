// The update of all parameters: AdamW (Loshchilov and Hutter 2019), with decoupled weight decay and
// bias correction, or Muon or GaLore for the matrices that they take (train/matrix).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/params/params.h"
#include "train/config.h"
#include "train/math.h"
#include "train/step/param_rates.h"

namespace switchyard {

class Optimizer {
 public:
  explicit Optimizer(const TrainConfig& config);
  // In what this rank owns, for step 0, 1, 2, ..., with rate and weight_decay times the parameter's
  // factors (train/step/param_rates.h). gradient_scale: the clip factor. AdamW: values -= rate *
  // (m_hat / (sqrt(v_hat) + epsilon) + weight_decay * values), a pure function of each element; of
  // a whole matrix, a pure function of the matrix.
  void update(Params& params, std::int64_t step, double rate, double gradient_scale,
              Stream& stream);

  // The products of the updates of this rank's matrices, for the self-test of exact mode.
  std::vector<MatmulShape> matmul_shapes(const Params& params) const;

 private:
  // The constants of a parameter's step.
  AdamWStep of_param(const AdamWStep& of_step, const ParamSpec& spec, std::int64_t step,
                     double rate, const ParamRates& factors) const;
  // AdamW on what the codes of a matrix say, which become the codes of the result.
  void update_packed(Params& params, ParamId id, const AdamWStep& constants, std::int64_t step,
                     Stream& stream) const;
  void update_matrices(Params& params, std::span<const ParamId> ids, const AdamWStep& of_step,
                       std::int64_t step, double rate, std::int64_t layers, Stream& stream);

  TrainConfig config_;
  Buffer scratch_;  // of the largest matrix that this rank owns
};

}  // namespace switchyard
