#include "model/blocks/block.h"

#include <algorithm>

#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

std::string layer_name(int layer) { return fmt::format("layer{}", layer); }

// Adds a branch to the residual stream: out += x.
void add_residual(Tensor x, Tensor out, Stream& stream) {
  const Span span(stream, "norms");
  RuntimeOps::on(stream.device()).add(x, out, stream);
}

}  // namespace

bool is_dense(const ModelConfig& model, int layer) {
  return std::find(model.dense_layers.begin(), model.dense_layers.end(), layer) !=
         model.dense_layers.end();
}

Block::Block(Params& params, const ModelConfig& model, const RouterConfig& router, Mesh& mesh,
             Exchange& exchange, const RotaryTable& rotary, const GateInputs& inputs)
    : model_(model),
      attention_norm_(params, layer_name(inputs.layer) + ".attention_norm", model.hidden,
                      model.norm_epsilon),
      attention_(params, layer_name(inputs.layer) + ".attention", inputs.layer, model, rotary),
      ffn_norm_(params, layer_name(inputs.layer) + ".ffn_norm", model.hidden, model.norm_epsilon) {
  if (is_dense(model, inputs.layer)) {
    ffn_.emplace(
        params, layer_name(inputs.layer) + ".ffn",
        Ffn::Shape{model.hidden, model.ffn_hidden, init_std_of(model), residual_init_std(model)});
  } else {
    moe_.emplace(params, layer_name(inputs.layer), model, router, mesh, exchange, inputs);
  }
}

void Block::host_experts(Params& params) {
  if (moe_) moe_->host_experts(params);
}

void Block::Saved::take(Arena& arena, const ModelConfig& model, std::int64_t tokens, bool dense) {
  middle = arena.take({tokens, model.hidden});
  attention_norm = Norm::Saved::take(arena, tokens, model.hidden);
  attention = SelfAttention::Saved::take(arena, model, tokens);
  ffn_norm = Norm::Saved::take(arena, tokens, model.hidden);
  if (dense) ffn = Ffn::take(arena, tokens, model.ffn_hidden);
}

void Block::forward(const LayerContext& context, Tensor x, Saved& saved, Tensor out,
                    Pass pass) const {
  Stream& stream = context.stream;
  saved.x = x;
  saved.take(context.workspace.activations, model_, x.rows(), ffn_.has_value());
  if (!context.batch.empty()) {
    attention_norm_.forward(context, x, saved.attention_norm);
    attention_.forward(context, saved.attention_norm.out, saved.attention, saved.middle);
    add_residual(x, saved.middle, stream);
    ffn_norm_.forward(context, saved.middle, saved.ffn_norm);
  }
  if (moe_) {
    moe_->forward(context, saved.ffn_norm.out, saved.moe, out, pass);
  } else if (!context.batch.empty()) {
    const Span span(stream, "ffn");
    ffn_->forward(context.params, saved.ffn_norm.out, saved.ffn, out, stream);
  }
  add_residual(saved.middle, out, stream);
}

AuxiliaryLosses Block::backward(const LayerContext& context, Saved& saved, Tensor d,
                                double share) const {
  const Tensor d_branch = context.workspace.scratch.take(d.shape);
  const AuxiliaryLosses losses = backward_ffn(context, saved, d, d_branch, share);
  if (!context.batch.empty()) backward_attention(context, saved, d, d_branch);
  return losses;
}

AuxiliaryLosses Block::backward_ffn(const LayerContext& context, Saved& saved, Tensor d,
                                    Tensor d_branch, double share) const {
  const ArenaScope scope(context.workspace.scratch);
  AuxiliaryLosses losses;
  if (moe_) {
    losses = moe_->backward(context, saved.ffn_norm.out, saved.moe, d, share, d_branch);
  } else if (!context.batch.empty()) {
    const Span span(context.stream, "ffn");
    ffn_->backward(context.params, saved.ffn_norm.out, saved.ffn, d, d_branch, context.stream);
  }
  if (context.batch.empty()) return losses;
  ffn_norm_.backward(context, saved.middle, saved.ffn_norm, d_branch, d_branch);
  add_residual(d_branch, d, context.stream);
  return losses;
}

void Block::backward_attention(const LayerContext& context, const Saved& saved, Tensor d,
                               Tensor d_branch) const {
  const ArenaScope scope(context.workspace.scratch);
  attention_.backward(context, saved.attention_norm.out, saved.attention, d, d_branch);
  attention_norm_.backward(context, saved.x, saved.attention_norm, d_branch, d_branch);
  add_residual(d_branch, d, context.stream);
}

}  // namespace switchyard
