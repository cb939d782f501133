#include "model/norm/norm.h"

#include "model/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

Norm::Norm(Params& params, const std::string& name, std::int64_t hidden, float epsilon)
    : epsilon_(epsilon) {
  weight_ = params.declare({.name = name, .shape = {hidden}, .init_value = 1.0F, .decays = false});
}

Norm::Saved Norm::Saved::take(Arena& arena, std::int64_t rows, std::int64_t cols) {
  return {arena.take({rows, cols}), arena.take({rows})};
}

Norm::BackwardScratch Norm::BackwardScratch::take(Arena& arena, std::int64_t rows,
                                                  std::int64_t cols, Device device) {
  return {arena.take({cols}), arena.take({ModelOps::on(device).rms_norm_scratch(rows, cols)})};
}

void Norm::forward(const LayerContext& context, Tensor x, const Saved& saved) const {
  const Span span(context.stream, "norms");
  ModelOps::on(context.stream.device())
      .rms_norm(x, context.params.value(weight_), epsilon_, saved.out, saved.inverse,
                context.stream);
}

void Norm::backward(const LayerContext& context, Tensor x, const Saved& saved, Tensor d_out,
                    Tensor d_x) const {
  const Span span(context.stream, "norms");
  const Device device = context.stream.device();
  const auto scratch = BackwardScratch::take(context.workspace.scratch, x.rows(), x.cols(), device);
  ModelOps::on(device).rms_norm_backward(
      {x, context.params.value(weight_), saved.inverse, d_out, d_x, scratch.d_weight}, scratch.sums,
      context.stream);
  context.params.add_gradient(weight_, scratch.d_weight, context.stream);
}

}  // namespace switchyard
