// LinearStatistics: what compressing the weights of a layer needs to know of the inputs that they
// are multiplied with. Sums are integers: the same on any number of ranks.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "runtime/comm/mesh.h"
#include "runtime/exact_sum.h"
#include "runtime/params/gradient_adder.h"
#include "runtime/params/params.h"

namespace switchyard {

enum class InputMoments : std::uint8_t {
  squares,  // the sum of squares of each input
  products  // X^T X
};

// Over all rows x of calibration that reached a weight.
struct InputStatistics {
  std::int64_t rows = 0;
  std::vector<double> squares;   // [in]
  std::vector<double> products;  // [in, in], symmetric; empty unless asked for
};

class LinearStatistics final : public LinearWatch {
 public:
  // weights: matrices [out, in], those of one layer. Weights of one input (q, k and v; gate and up)
  // share their sums. total_rows: of the whole walk, and num_addends: its micro-batches, over all
  // ranks; they choose the fixed point. The caller keeps params.
  LinearStatistics(const Params& params, std::vector<ParamId> weights, InputMoments moments,
                   std::int64_t total_rows, std::int64_t num_addends);

  void multiplies(int weight, Tensor x, Stream& stream) override;

  // Collective: sums over the ranks that hold a weight. False, on all ranks, if an addend did not
  // fit the fixed point, which has then made room: the walk computes the layer again. Errors:
  // agreed; Exit::numerical if inputs are not finite.
  bool finish(Mesh& mesh, Stream& stream);
  // After finish().
  InputStatistics of(ParamId weight) const;

 private:
  // Some rows of X^T X, from the diagonal on: the rest of it is the same.
  struct Panel {
    std::int64_t begin = 0;
    Buffer products;  // [rows, in - begin] i64
  };
  struct Sums {
    std::int64_t rows = 0;
    std::vector<std::int64_t> squares;
    std::vector<Panel> panels;
    bool misfit = false;
  };
  void begin();
  void add_squares(Sums& sums, Tensor x, Stream& stream) const;
  void add_products(Sums& sums, Tensor x, Stream& stream);

  const Params& params_;
  InputMoments moments_;
  std::int64_t total_rows_, num_addends_;
  int headroom_bits_;  // log2 of the largest mean square that fits for sure
  FixedPoint format_;
  std::map<ParamId, ParamId> sums_of_;  // weight -> the first weight with the same input
  std::map<ParamId, Sums> sums_;
  GradientAdder adder_;
  Buffer left_, right_;  // columns of the inputs, side by side
};

}  // namespace switchyard
