#include "runtime/params/linear.h"

#include "runtime/device/ops.h"
#include "runtime/product/matmul.h"

namespace switchyard {

Linear::Linear(Params& params, ParamSpec spec, Bias bias) {
  const ParamSpec of_bias{.name = spec.name + "_bias", .shape = {spec.shape[0]}, .decays = false};
  weight_ = params.declare(std::move(spec));
  if (bias == Bias::yes) bias_ = params.declare(of_bias);
}

void Linear::forward(const Params& params, Tensor x, Tensor y, Stream& stream) const {
  if (params.watch() != nullptr) params.watch()->multiplies(weight_, x, stream);
  if (const CodedWeights* const codes = params.codes(weight_)) {
    codes->multiply(x, y, stream);
  } else {
    const Precision precision = params.precision().forward;
    matmul(x, Op::plain, params.operand(weight_, precision), Op::transposed, y, Write::replace,
           stream, precision);
  }
  if (bias_ >= 0) RuntimeOps::on(stream.device()).add_to_rows(params.value(bias_), y, stream);
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

Linear::BiasScratch Linear::BiasScratch::take(Arena& arena, std::int64_t rows, std::int64_t out) {
  return {arena.take({num_row_sums(rows), out}), arena.take({out})};
}

void Linear::bias_gradient(Params& params, Tensor d_y, const BiasScratch& scratch,
                           Stream& stream) const {
  if (bias_ < 0) return;
  RuntimeOps::on(stream.device()).sum_rows(d_y, scratch.sums, scratch.sum, stream);
  params.add_gradient(bias_, scratch.sum, stream);
}

std::vector<RowGroup> LinearGroup::groups(const Params& params, Precision precision) const {
  std::vector<RowGroup> groups;
  for (const auto& [id, rows] : members_)
    groups.push_back({rows.begin, rows.end, params.operand(id, precision)});
  return groups;
}

void LinearGroup::forward(const Params& params, Tensor x, Tensor y, Stream& stream) const {
  for (const auto& [id, rows] : members_) {
    if (params.watch() == nullptr) break;
    params.watch()->multiplies(id, x.row_range(rows.begin, rows.end), stream);
  }
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
