#include "model/blocks/block.h"

#include <algorithm>

#include "model/ops.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

std::string layer_name(int layer) { return fmt::format("layer{}", layer); }

bool is_dense(const ModelConfig& model, int layer) {
  return std::find(model.dense_layers.begin(), model.dense_layers.end(), layer) !=
         model.dense_layers.end();
}

// Of a residual stream: out += x.
void add_residual(Tensor x, Tensor out, Stream& stream) {
  const Span span(stream, "norms");
  RuntimeOps::on(stream.device()).add(x, out, stream);
}

}  // namespace

Norm::Norm(Params& params, const std::string& name, std::int64_t hidden, float epsilon)
    : epsilon_(epsilon) {
  weight_ = params.declare({.name = name, .shape = {hidden}, .init_value = 1.0F, .decays = false});
}

void Norm::forward(const Params& params, Tensor x, Saved& saved, Arena& arena,
                   Stream& stream) const {
  const Span span(stream, "norms");
  saved.out = arena.take(x.shape);
  saved.inverse = arena.take({x.rows()});
  ModelOps::on(stream.device())
      .rms_norm(x, params.value(weight_), epsilon_, saved.out, saved.inverse, stream);
}

void Norm::backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                    Arena& scratch, Stream& stream) const {
  const Span span(stream, "norms");
  ModelOps& ops = ModelOps::on(stream.device());
  const Tensor d_weight = scratch.take({x.cols()});
  ops.rms_norm_backward(x, params.value(weight_), saved.inverse, d_out, d_x, d_weight,
                        scratch.take({ops.rms_norm_scratch(x.rows(), x.cols())}), stream);
  params.add_gradient(weight_, d_weight, stream);
}

Block::Block(Params& params, const ModelConfig& model, const RouterConfig& router, Mesh& mesh,
             Exchange& exchange, const GateInputs& inputs)
    : attention_norm_(params, layer_name(inputs.layer) + ".attention_norm", model.hidden,
                      model.norm_epsilon),
      attention_(params, layer_name(inputs.layer) + ".attention", inputs.layer, model),
      ffn_norm_(params, layer_name(inputs.layer) + ".ffn_norm", model.hidden, model.norm_epsilon),
      ffn_hidden_(model.ffn_hidden) {
  if (is_dense(model, inputs.layer)) {
    ffn_.emplace(
        params, layer_name(inputs.layer) + ".ffn",
        Ffn::Shape{model.hidden, ffn_hidden_, init_std_of(model), residual_init_std(model)});
  } else {
    moe_.emplace(params, layer_name(inputs.layer), model, router, mesh, exchange, inputs);
  }
}

void Block::host_experts(Params& params) {
  if (moe_) moe_->host_experts(params);
}

void Block::forward(const Params& params, const Batch& batch, const RotaryTable& rotary, Tensor x,
                    Saved& saved, Tensor out, const Workspace& workspace, Pass pass,
                    Stream& stream) const {
  Arena& arena = workspace.activations;
  saved.x = x;
  saved.middle = arena.take(x.shape);
  saved.ffn_norm.out = saved.middle;
  if (!batch.empty()) {
    attention_norm_.forward(params, x, saved.attention_norm, arena, stream);
    attention_.forward(params, batch, rotary, saved.attention_norm.out, saved.attention,
                       saved.middle, arena, workspace.scratch, stream);
    add_residual(x, saved.middle, stream);
    ffn_norm_.forward(params, saved.middle, saved.ffn_norm, arena, stream);
  }
  if (moe_) {
    moe_->forward(params, batch, saved.ffn_norm.out, saved.moe, out, workspace, pass, stream);
  } else if (!batch.empty()) {
    const Span span(stream, "ffn");
    saved.ffn = Ffn::take(arena, x.rows(), ffn_hidden_);
    ffn_->forward(params, saved.ffn_norm.out, saved.ffn, out, stream);
  }
  add_residual(saved.middle, out, stream);
}

AuxiliaryLosses Block::backward(Params& params, const Batch& batch, const RotaryTable& rotary,
                                Saved& saved, Tensor d, double share, Arena& scratch,
                                Stream& stream) const {
  AuxiliaryLosses losses;
  const Tensor d_branch = scratch.take(d.shape);
  if (moe_) {
    losses = moe_->backward(params, batch, saved.ffn_norm.out, saved.moe, d, share, d_branch,
                            scratch, stream);
  } else if (!batch.empty()) {
    const Span span(stream, "ffn");
    ffn_->backward(params, saved.ffn_norm.out, saved.ffn, d, d_branch, stream);
  }
  if (batch.empty()) return losses;
  ffn_norm_.backward(params, saved.middle, saved.ffn_norm, d_branch, d_branch, scratch, stream);
  add_residual(d_branch, d, stream);

  attention_.backward(params, batch, rotary, saved.attention_norm.out, saved.attention, d, d_branch,
                      scratch, stream);
  attention_norm_.backward(params, saved.x, saved.attention_norm, d_branch, d_branch, scratch,
                           stream);
  add_residual(d_branch, d, stream);
  return losses;
}

}  // namespace switchyard
