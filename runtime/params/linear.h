// Linear: y = x W^T and its two gradients, each in the precision that the parameters ask for.
#pragma once

#include "runtime/params/params.h"

namespace switchyard {

class Linear {
 public:
  Linear() = default;
  // Declares W, of shape [out, in].
  Linear(Params& params, ParamSpec spec) : weight_(params.declare(std::move(spec))) {}

  ParamId weight() const { return weight_; }

  // x: [rows, in], y: [rows, out]. Rows: see row_tile.
  void forward(const Params& params, Tensor x, Tensor y, Stream& stream) const;
  // d_x (= or +=) d_y W.
  void input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                      Stream& stream) const;
  // The gradient of W += d_y^T x, one addend.
  void weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream) const;

 private:
  ParamId weight_ = -1;
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
