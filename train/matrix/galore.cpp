#include "train/matrix/galore.h"

#include <algorithm>

#include "runtime/device/ops.h"
#include "runtime/product/matmul.h"
#include "train/matrix/matrix_state.h"
#include "train/matrix/subspace.h"
#include "train/ops.h"

namespace switchyard {
namespace {

bool is_zero(Tensor tensor) {
  const float* values = tensor.as<float>();
  return std::all_of(values, values + tensor.size(), [](float value) { return value == 0.0F; });
}

// A gradient of zeros, as of an expert without tokens, has no subspace.
void refresh(const GaloreParam& param, bool due, Tensor g, std::int64_t step, Tensor scratch,
             Stream& stream) {
  if ((!due && !is_zero(param.projection)) || is_zero(g)) return;
  const Random start(param.key, Purpose::subspace, static_cast<std::uint64_t>(step));
  leading_subspace(g, projects_rows(g.shape) ? SubspaceOf::rows : SubspaceOf::columns, start,
                   param.projection, scratch, stream);
}

// AdamW's direction, from the moments after they took `projected` in.
void direction_of(const GaloreParam& param, Tensor projected, Tensor direction, Stream& stream) {
  RuntimeOps::on(stream.device()).zero(direction, stream);
  AdamWStep step = param.step;
  step.gradient_factor = 1.0;
  step.rate = -1.0F;  // 0 - (-1) (direction + 0)
  step.weight_decay = 0.0F;
  const auto flat = [](Tensor tensor) { return tensor.view({tensor.size()}); };
  TrainOps::on(stream.device())
      .adamw({{flat(projected), step, flat(direction), flat(param.first_moment),
               flat(param.second_moment)}},
             stream);
}

}  // namespace

void galore_update(const GaloreParam& param, const GaloreConfig& galore, std::int64_t step,
                   Tensor scratch, Stream& stream) {
  const std::int64_t size = param.value.size(), small = param.first_moment.size();
  const Tensor g = scratch.range(0, size).view(param.value.shape),
               rest = scratch.range(size, scratch.size());
  gradient_as_f32(param.gradient, param.step.gradient_factor, g, stream);
  refresh(param, step % galore.every == 0, g, step, rest, stream);
  const bool rows = projects_rows(param.value.shape);
  const Tensor projected = rest.range(0, small).view(param.first_moment.shape),
               direction = rest.range(small, 2 * small).view(param.first_moment.shape);
  if (rows) {
    matmul(g, Op::plain, param.projection, Op::transposed, projected, Write::replace, stream);
  } else {
    matmul(param.projection, Op::transposed, g, Op::plain, projected, Write::replace, stream);
  }
  direction_of(param, projected, direction, stream);
  matmul(rows ? direction : param.projection, Op::plain, rows ? param.projection : direction,
         Op::plain, g, Write::replace, stream);
  apply(param.rates, g.as<float>(), param.value.as<float>(), size, stream);
}

}  // namespace switchyard
