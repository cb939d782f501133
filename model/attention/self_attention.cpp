#include "model/attention/self_attention.h"

#include "model/attention/past.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

SelfAttention::SelfAttention(Params& params, const std::string& name, int layer,
                             const ModelConfig& config)
    : config_(config), layer_(layer) {
  const std::int64_t queries = config.num_heads * config.head_dim,
                     keys = config.num_kv_heads * config.head_dim;
  const auto declare = [&](const char* part, Shape shape, double std) {
    return Linear(params, {.name = name + "." + part, .shape = shape, .init_std = std});
  };
  q_ = declare("q", {queries, config.hidden}, init_std_of(config));
  k_ = declare("k", {keys, config.hidden}, init_std_of(config));
  v_ = declare("v", {keys, config.hidden}, init_std_of(config));
  o_ = declare("o", {config.hidden, queries}, residual_init_std(config));
  if (config.qk_norm) {
    const auto norm = [&](const char* part) {
      return params.declare({.name = name + "." + part,
                             .shape = {config.head_dim},
                             .init_value = 1.0F,
                             .decays = false});
    };
    q_norm_ = norm("q_norm");
    k_norm_ = norm("k_norm");
  }
}

AttentionShape SelfAttention::shape_of(const Batch& batch) const {
  return {batch.num_sequences, batch.sequence_length, config_.num_heads, config_.num_kv_heads,
          config_.head_dim};
}

Tensor SelfAttention::apply_rotary(const Params& params, const Batch& batch,
                                   const RotaryTable& rotary, ParamId norm, Tensor x,
                                   Tensor& inverse, Arena& arena, Stream& stream) const {
  ModelOps& ops = ModelOps::on(stream.device());
  const std::int64_t heads = x.cols() / config_.head_dim, rows = x.rows() * heads;
  const Tensor rotated = arena.take({x.rows(), heads, config_.head_dim});
  if (norm >= 0) {
    inverse = arena.take({rows});
    ops.rms_norm(x.view({rows, config_.head_dim}), params.value(norm), config_.norm_epsilon,
                 rotated.view({rows, config_.head_dim}), inverse, stream);
  } else {
    RuntimeOps::on(stream.device()).copy(x, rotated, stream);
  }
  ops.rotate(rotated, batch.positions, rotary, 1, stream);
  return rotated;
}

Tensor SelfAttention::undo_rotary(Params& params, const Batch& batch, const RotaryTable& rotary,
                                  ParamId norm, Tensor x, Tensor inverse, Tensor d_rotated,
                                  Arena& scratch, Stream& stream) const {
  ModelOps& ops = ModelOps::on(stream.device());
  ops.rotate(d_rotated, batch.positions, rotary, -1, stream);
  if (norm >= 0) {
    const std::int64_t rows = d_rotated.size() / config_.head_dim;
    const Shape by_head{rows, config_.head_dim};
    const Tensor d_weight = scratch.take({config_.head_dim});
    const Tensor d = d_rotated.view(by_head);
    ops.rms_norm_backward({x.view(by_head), params.value(norm), inverse, d, d, d_weight},
                          scratch.take({ops.rms_norm_scratch(rows, config_.head_dim)}), stream);
    params.add_gradient(norm, d_weight, stream);
  }
  return d_rotated.view(x.shape);
}

void SelfAttention::forward(const Params& params, const Batch& batch, const RotaryTable& rotary,
                            Tensor x, Saved& saved, Tensor out, Arena& arena, Arena& scratch,
                            Stream& stream) const {
  const Span span(stream, "attention");
  const std::int64_t tokens = x.rows(), dim = config_.head_dim;
  const auto project = [&](const Linear& linear, int heads) {
    const Tensor result = arena.take({tokens, heads * dim});
    linear.forward(params, x, result, stream);
    return result;
  };
  saved.q = project(q_, config_.num_heads);
  saved.k = project(k_, config_.num_kv_heads);
  saved.v = project(v_, config_.num_kv_heads);
  saved.rotated_q =
      apply_rotary(params, batch, rotary, q_norm_, saved.q, saved.inverse_q, arena, stream);
  saved.rotated_k =
      apply_rotary(params, batch, rotary, k_norm_, saved.k, saved.inverse_k, arena, stream);
  saved.attention_out = arena.take({tokens, config_.num_heads, dim});
  saved.log_sum = arena.take({tokens, config_.num_heads});
  attend(batch, saved, scratch, stream);
  o_.forward(params, saved.attention_out.view(saved.q.shape), out, stream);
}

AttentionTensors SelfAttention::tensors_of(const Batch& batch, const Saved& saved) {
  return {saved.rotated_q, saved.rotated_k,     saved.v.view(saved.rotated_k.shape),
          batch.positions, saved.attention_out, saved.log_sum};
}

void SelfAttention::attend(const Batch& batch, const Saved& saved, Arena& scratch,
                           Stream& stream) const {
  ModelOps& ops = ModelOps::on(stream.device());
  const Tensor v = saved.v.view(saved.rotated_k.shape);
  if (batch.past != nullptr) {
    const Past& past = *batch.past;
    const Tensor score =
        scratch.take({saved.attention_out.dim(0), config_.num_heads, past.capacity()});
    ops.attention_past({saved.rotated_q, saved.rotated_k, v, past.keys(layer_), past.values(layer_),
                        past.lengths(), score, saved.attention_out},
                       stream);
    return;
  }
  const AttentionShape shape = shape_of(batch);
  ops.attention(tensors_of(batch, saved), shape,
                scratch.take({ops.attention_scratch(shape, stream)}), stream);
}

void SelfAttention::backward(Params& params, const Batch& batch, const RotaryTable& rotary,
                             Tensor x, const Saved& saved, Tensor d_out, Tensor d_x, Arena& scratch,
                             Stream& stream) const {
  const Span span(stream, "attention");
  ModelOps& ops = ModelOps::on(stream.device());
  const Tensor v = saved.v.view(saved.rotated_k.shape);
  o_.weight_gradient(params, d_out, saved.attention_out.view(saved.q.shape), stream);
  const Tensor d_attention_out = scratch.take(saved.attention_out.shape);
  o_.input_gradient(params, d_out, d_attention_out.view(saved.q.shape), Write::replace, stream);
  const Tensor d_rotated_q = scratch.take(saved.rotated_q.shape),
               d_rotated_k = scratch.take(saved.rotated_k.shape);
  const Tensor d_v = scratch.take(v.shape);
  const AttentionShape shape = shape_of(batch);
  ops.attention_backward(tensors_of(batch, saved), {d_attention_out, d_rotated_q, d_rotated_k, d_v},
                         shape, scratch.take({ops.attention_scratch(shape, stream)}), stream);

  const Tensor d_q = undo_rotary(params, batch, rotary, q_norm_, saved.q, saved.inverse_q,
                                 d_rotated_q, scratch, stream);
  const Tensor d_k = undo_rotary(params, batch, rotary, k_norm_, saved.k, saved.inverse_k,
                                 d_rotated_k, scratch, stream);
  Write write = Write::replace;
  const auto project_back = [&](const Linear& linear, Tensor d) {
    linear.weight_gradient(params, d, x, stream);
    linear.input_gradient(params, d, d_x, write, stream);
    write = Write::add;
  };
  project_back(q_, d_q);
  project_back(k_, d_k);
  project_back(v_, d_v.view(saved.v.shape));
}

}  // namespace switchyard
