#include "model/blocks/block.h"

#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// Adds a branch to the residual stream: out += x.
void add_residual(Tensor x, Tensor out, Stream& stream) {
  const Span span(stream, "norms");
  RuntimeOps::on(stream.device()).add(x, out, stream);
}

}  // namespace

Block::Block(Params& params, const ModelConfig& model, const RouterConfig& router, Mesh& mesh,
             Exchange* exchange, StepBalancer* balancer, const RotaryTable& rotary,
             const GateInputs& inputs)
    : model_(model),
      layer_(inputs.layer),
      attention_norm_(params, block_name(model, inputs.layer) + ".attention_norm", model.hidden,
                      model.norm_epsilon),
      attention_(params, block_name(model, inputs.layer) + ".attention", inputs.layer, model,
                 rotary),
      ffn_norm_(params, block_name(model, inputs.layer) + ".ffn_norm", model.hidden,
                model.norm_epsilon) {
  if (is_dense(model, inputs.layer)) {
    ffn_.emplace(
        params, block_name(model, inputs.layer) + ".ffn",
        Ffn::Shape{model.hidden, model.ffn_hidden, init_std_of(model), residual_init_std(model)});
  } else {
    moe_.emplace(params, block_name(model, inputs.layer), model, router, mesh, *exchange, inputs,
                 balancer);
  }
}

void Block::host_experts(Params& params) {
  if (moe_) moe_->host_experts(params);
}

void Block::Saved::take(Arena& arena, const ModelConfig& model, std::int64_t tokens, bool dense,
                        const Sums& sums) {
  middle = arena.take({tokens, model.hidden});
  attention_norm = Norm::Saved::take(arena, tokens, model.hidden);
  attention = SelfAttention::Saved::take(arena, model, tokens, sums.attention);
  ffn_norm = Norm::Saved::take(arena, tokens, model.hidden);
  if (dense) ffn = Ffn::take(arena, tokens, model.ffn_hidden, sums.ffn);
}

Block::BackwardScratch Block::BackwardScratch::take(Arena& arena, const ModelConfig& model,
                                                    std::int64_t tokens) {
  BackwardScratch scratch;
  if (model.norm_placement == NormPlacement::after)
    scratch.d_inner = arena.take({tokens, model.hidden});
  if (model.dropout.residual > 0) scratch.d_dropped = arena.take({tokens, model.hidden});
  return scratch;
}

void Block::drop(const LayerContext& context, const char* branch, Tensor in, Tensor out) const {
  const Span span(context.stream, "norms");
  const Dropout& dropout = *context.dropout;
  dropout.drop(dropout.of_residual(), context.batch.step,
               key_of_name(block_name(model_, layer_) + "." + branch), context.batch.index, in, out,
               context.stream);
}

template <class Branch>
void Block::forward_branch(const LayerContext& context, Tensor x, const SavedNorm& of, Tensor out,
                           Branch branch) const {
  const auto normalize = [&](Tensor from, Tensor to) {
    if (!context.batch.empty()) of.norm.forward(context, from, {to, of.saved.inverse});
  };
  if (norms_before()) {
    normalize(x, of.saved.out);
    branch(of.saved.out, out);
  } else {
    branch(x, of.saved.out);
    normalize(of.saved.out, out);
  }
  if (context.batch.empty()) return;
  if (context.drops_residual()) drop(context, of.branch, out, out);
  add_residual(x, out, context.stream);
}

template <class Branch>
void Block::backward_branch(const LayerContext& context, Tensor x, const SavedNorm& of, Tensor d,
                            Tensor d_branch, Branch branch) const {
  const ArenaScope scope(context.workspace.scratch);
  const auto [d_inner, d_dropped] =
      BackwardScratch::take(context.workspace.scratch, model_, x.rows());
  const bool drops = context.drops_residual() && !context.batch.empty();
  if (drops) drop(context, of.branch, d, d_dropped);
  const Tensor d_added = drops ? d_dropped : d;
  const auto through_norm = [&](Tensor into, Tensor d_out, Tensor d_in) {
    if (!context.batch.empty()) of.norm.backward(context, into, of.saved, d_out, d_in);
  };
  if (norms_before()) {
    branch(of.saved.out, d_added, d_branch);
    through_norm(x, d_branch, d_branch);
  } else {
    through_norm(of.saved.out, d_added, d_inner);
    branch(x, d_inner, d_branch);
  }
  if (!context.batch.empty()) add_residual(d_branch, d, context.stream);
}

void Block::forward(const LayerContext& context, Tensor x, Saved& saved, Tensor out,
                    Pass pass) const {
  saved.x = x;
  saved.take(context.workspace.activations, model_, x.rows(), ffn_.has_value(),
             {attention_.ranks(), ffn_ ? ffn_->narrow() : Ffn::Narrow{}});
  forward_branch(context, x, {attention_norm_, saved.attention_norm, "attention"}, saved.middle,
                 [&](Tensor in, Tensor result) {
                   if (context.batch.empty()) return;
                   attention_.forward(context, in, saved.attention, result);
                 });
  forward_branch(context, saved.middle, {ffn_norm_, saved.ffn_norm, "ffn"}, out,
                 [&](Tensor in, Tensor result) {
                   if (moe_) return moe_->forward(context, in, saved.moe, result, pass);
                   if (context.batch.empty()) return;
                   const Span span(context.stream, "ffn");
                   ffn_->forward(context.params, in, saved.ffn, result, context.stream,
                                 context.rows(layer_));
                 });
}

AuxiliaryLosses Block::backward(const LayerContext& context, Saved& saved, Tensor d,
                                double share) const {
  const Tensor d_branch = context.workspace.scratch.take(d.shape);
  AuxiliaryLosses losses;
  backward_branch(context, saved.middle, {ffn_norm_, saved.ffn_norm, "ffn"}, d, d_branch,
                  [&](Tensor in, Tensor d_out, Tensor d_in) {
                    if (moe_) {
                      losses = moe_->backward(context, in, saved.moe, d_out, share, d_in);
                    } else if (!context.batch.empty()) {
                      const Span span(context.stream, "ffn");
                      ffn_->backward(context.params, in, saved.ffn, d_out, d_in, context.stream,
                                     context.rows(layer_));
                    }
                  });
  backward_branch(context, saved.x, {attention_norm_, saved.attention_norm, "attention"}, d,
                  d_branch, [&](Tensor in, Tensor d_out, Tensor d_in) {
                    if (context.batch.empty()) return;
                    attention_.backward(context, in, saved.attention, d_out, d_in);
                  });
  return losses;
}

}  // namespace switchyard
