// AdamW (Loshchilov and Hutter 2019): decoupled weight decay, bias correction.
#pragma once

#include <cstdint>

#include "runtime/params/params.h"
#include "train/config.h"

namespace switchyard {

class Optimizer {
 public:
  explicit Optimizer(const TrainConfig& config);
  // In the blocks that this rank trains: values -= rate * (m_hat / (sqrt(v_hat) + epsilon) +
  // weight_decay * values), elementwise, for step 0, 1, 2, ..., with rate and weight_decay times
  // the parameter's factors (train/step/param_rates.h). gradient_scale: the clip factor. A pure
  // function of each element.
  void update(Params& params, std::int64_t step, double rate, double gradient_scale,
              Stream& stream) const;

 private:
  TrainConfig config_;
};

}  // namespace switchyard
