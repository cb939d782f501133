#include "runtime/linear.h"

#include "runtime/matmul.h"

namespace switchyard {

void Linear::forward(const Params& params, Tensor x, Tensor y, Stream& stream) const {
  matmul(x, Op::plain, params.value(weight_), Op::transposed, y, Write::replace, stream,
         params.precision().forward);
}

void Linear::input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                            Stream& stream) const {
  matmul(d_y, Op::plain, params.value(weight_), Op::plain, d_x, write, stream,
         params.precision().input_gradient);
}

void Linear::weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream) const {
  params.add_gradient_product(weight_, d_y, x, stream, params.precision().weight_gradient);
}

}  // namespace switchyard
