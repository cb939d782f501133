#include "model/blocks/shared_gate.h"

#include "model/ops.h"

namespace switchyard {

SharedGate::SharedGate(Params& params, const std::string& name, std::int64_t hidden,
                       double init_std)
    : weight_(params.declare({.name = name, .shape = {1, hidden}, .init_std = init_std})) {}

SharedGate::Saved SharedGate::Saved::take(Arena& arena, std::int64_t tokens, std::int64_t hidden) {
  return {arena.take({tokens, hidden}), arena.take({tokens})};
}

SharedGate::BackwardScratch SharedGate::BackwardScratch::take(Arena& arena, std::int64_t tokens,
                                                              std::int64_t hidden) {
  return {arena.take({tokens, hidden}), arena.take({tokens, 1})};
}

void SharedGate::forward(const LayerContext& context, Tensor x, const Saved& saved,
                         Tensor out) const {
  ModelOps::on(context.stream.device())
      .add_gated({x, context.params.value(weight_), saved.rows, saved.share}, out, context.stream);
}

Tensor SharedGate::backward(const LayerContext& context, Tensor x, const Saved& saved, Tensor d_out,
                            Tensor d_x) const {
  const auto [d_rows, d_score] =
      BackwardScratch::take(context.workspace.scratch, x.rows(), x.cols());
  ModelOps::on(context.stream.device())
      .add_gated_backward({x, context.params.value(weight_), saved.rows, saved.share},
                          {d_out, d_rows, d_score, d_x}, context.stream);
  context.params.add_gradient_product(weight_, d_score, x, context.stream);
  return d_rows;
}

}  // namespace switchyard
