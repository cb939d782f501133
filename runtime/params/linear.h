// Linear: y = x W^T, plus a bias if asked for, and its gradients. Each product is in the precision
// that the parameters ask for, the bias in f32.
#pragma once

#include "runtime/params/params.h"

namespace switchyard {

enum class Bias : bool { no, yes };

class Linear {
 public:
  Linear() = default;
  // Declares W, of shape [out, in], and NAME_bias [out], which begins at 0 and does not decay.
  Linear(Params& params, ParamSpec spec, Bias bias = Bias::no);

  ParamId weight() const { return weight_; }

  // x: [rows, in], y: [rows, out]. Rows: see row_tile. Weights that are kept as codes
  // (runtime/product/coded_weights.h) are multiplied in f32, whatever the precision.
  void forward(const Params& params, Tensor x, Tensor y, Stream& stream) const;
  // d_x (= or +=) d_y W.
  void input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                      Stream& stream) const;
  // The gradient of W += d_y^T x, one addend.
  void weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream) const;

  struct BiasScratch {
    Tensor sums, sum;
    static BiasScratch take(Arena& arena, std::int64_t rows, std::int64_t out);
  };
  // The gradient of the bias += the sum of d_y's rows, one addend. Does nothing without a bias.
  void bias_gradient(Params& params, Tensor d_y, const BiasScratch& scratch, Stream& stream) const;

 private:
  ParamId weight_ = -1, bias_ = -1;
};

// Linear layers of one shape side by side, each for some of the rows. On a GPU their products are
// one launch where they go together (runtime/product/grouped_matmul.h).
class LinearGroup {
 public:
  // The weights and the rows of each, in order and without gaps from row 0. A weight may occur
  // several times in a row.
  explicit LinearGroup(std::vector<ParamRows> members) : members_(std::move(members)) {}

  // As Linear, over the rows of all members; one addend for each member.
  void forward(const Params& params, Tensor x, Tensor y, Stream& stream) const;
  void input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                      Stream& stream) const;
  void weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream) const;

 private:
  std::vector<RowGroup> groups(const Params& params, Precision precision) const;

  std::vector<ParamRows> members_;
};

}  // namespace switchyard
