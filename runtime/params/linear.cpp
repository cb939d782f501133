#include "runtime/params/linear.h"

#include "runtime/product/matmul.h"

namespace switchyard {

void Linear::forward(const Params& params, Tensor x, Tensor y, Stream& stream) const {
  const Precision precision = params.precision().forward;
  matmul(x, Op::plain, params.operand(weight_, precision), Op::transposed, y, Write::replace,
         stream, precision);
}

void Linear::input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                            Stream& stream) const {
  const Precision precision = params.precision().input_gradient;
  matmul(d_y, Op::plain, params.operand(weight_, precision), Op::plain, d_x, write, stream,
         precision);
}

void Linear::weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream) const {
  params.add_gradient_product(weight_, d_y, x, stream, params.precision().weight_gradient);
}

std::vector<RowGroup> LinearGroup::groups(const Params& params, Precision precision) const {
  std::vector<RowGroup> groups;
  for (const auto& [id, rows] : members_)
    groups.push_back({rows.begin, rows.end, params.operand(id, precision)});
  return groups;
}

void LinearGroup::forward(const Params& params, Tensor x, Tensor y, Stream& stream) const {
  const Precision precision = params.precision().forward;
  matmul_groups(x, Op::transposed, groups(params, precision), y, Write::replace, stream, precision);
}

void LinearGroup::input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                                 Stream& stream) const {
  const Precision precision = params.precision().input_gradient;
  matmul_groups(d_y, Op::plain, groups(params, precision), d_x, write, stream, precision);
}

void LinearGroup::weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream) const {
  params.add_gradient_products(members_, d_y, x, stream, params.precision().weight_gradient);
}

}  // namespace switchyard
