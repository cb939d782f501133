// Linear: y = x W^T and its two gradients, each in the precision that the parameters ask for.
#pragma once

#include "runtime/params.h"

namespace switchyard {

class Linear {
 public:
  Linear() = default;
  // Declares W, of shape [out, in].
  Linear(Params& params, ParamSpec spec) : weight_(params.declare(std::move(spec))) {}

  ParamId weight() const { return weight_; }

  // Rows are multiples of row_tile. x: [rows, in], y: [rows, out].
  void forward(const Params& params, Tensor x, Tensor y, Stream& stream) const;
  // d_x (= or +=) d_y W.
  void input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                      Stream& stream) const;
  // The gradient of W += d_y^T x, one addend.
  void weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream) const;

 private:
  ParamId weight_ = -1;
};

}  // namespace switchyard
