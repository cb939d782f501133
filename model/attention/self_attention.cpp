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

Tensor SelfAttention::turn(const Params& params, const Batch& batch, const RotaryTable& rotary,
                           ParamId norm, Tensor x, Tensor& inverse, Arena& arena,
                           Stream& stream) const {
  ModelOps& ops = ModelOps::on(stream.device());
  const std::int64_t heads = x.cols() / config_.head_dim, rows = x.rows() * heads;
  const Tensor turned = arena.take({x.rows(), heads, config_.head_dim});
  if (norm >= 0) {
    inverse = arena.take({rows});
    ops.rms_norm(x.view({rows, config_.head_dim}), params.value(norm), config_.norm_epsilon,
                 turned.view({rows, config_.head_dim}), inverse, stream);
  } else {
    RuntimeOps::on(stream.device()).copy(x, turned, stream);
  }
  ops.rotate(turned, batch.positions, rotary, 1, stream);
  return turned;
}

Tensor SelfAttention::turn_back(Params& params, const Batch& batch, const RotaryTable& rotary,
                                ParamId norm, Tensor x, Tensor inverse, Tensor d_turned,
                                Arena& scratch, Stream& stream) const {
  ModelOps& ops = ModelOps::on(stream.device());
  ops.rotate(d_turned, batch.positions, rotary, -1, stream);
  if (norm >= 0) {
    const std::int64_t rows = d_turned.size() / config_.head_dim;
    const Shape by_head{rows, config_.head_dim};
    const Tensor d_weight = scratch.take({config_.head_dim});
    ops.rms_norm_backward(x.view(by_head), params.value(norm), inverse, d_turned.view(by_head),
                          d_turned.view(by_head), d_weight,
                          scratch.take({ops.rms_norm_scratch(rows, config_.head_dim)}), stream);
    params.add_gradient(norm, d_weight, stream);
  }
  return d_turned.view(x.shape);
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
  saved.turned_q = turn(params, batch, rotary, q_norm_, saved.q, saved.inverse_q, arena, stream);
  saved.turned_k = turn(params, batch, rotary, k_norm_, saved.k, saved.inverse_k, arena, stream);
  saved.mixed = arena.take({tokens, config_.num_heads, dim});
  saved.log_sum = arena.take({tokens, config_.num_heads});
  attend(batch, saved, scratch, stream);
  o_.forward(params, saved.mixed.view(saved.q.shape), out, stream);
}

void SelfAttention::attend(const Batch& batch, const Saved& saved, Arena& scratch,
                           Stream& stream) const {
  ModelOps& ops = ModelOps::on(stream.device());
  const Tensor v = saved.v.view(saved.turned_k.shape);
  if (batch.past != nullptr) {
    const Past& past = *batch.past;
    ops.attention_past(saved.turned_q, saved.turned_k, v, past.keys(layer_), past.values(layer_),
                       past.lengths(),
                       scratch.take({saved.mixed.dim(0), config_.num_heads, past.capacity()}),
                       saved.mixed, stream);
    return;
  }
  const AttentionShape shape = shape_of(batch);
  ops.attention(saved.turned_q, saved.turned_k, v, batch.positions, shape, saved.mixed,
                saved.log_sum, scratch.take({ops.attention_scratch(shape, stream)}), stream);
}

void SelfAttention::backward(Params& params, const Batch& batch, const RotaryTable& rotary,
                             Tensor x, const Saved& saved, Tensor d_out, Tensor d_x, Arena& scratch,
                             Stream& stream) const {
  const Span span(stream, "attention");
  ModelOps& ops = ModelOps::on(stream.device());
  const Tensor v = saved.v.view(saved.turned_k.shape);
  o_.weight_gradient(params, d_out, saved.mixed.view(saved.q.shape), stream);
  const Tensor d_mixed = scratch.take(saved.mixed.shape);
  o_.input_gradient(params, d_out, d_mixed.view(saved.q.shape), Write::replace, stream);
  const Tensor d_turned_q = scratch.take(saved.turned_q.shape),
               d_turned_k = scratch.take(saved.turned_k.shape);
  const Tensor d_v = scratch.take(v.shape);
  const AttentionShape shape = shape_of(batch);
  ops.attention_backward(saved.turned_q, saved.turned_k, v, batch.positions, shape, saved.mixed,
                         saved.log_sum, d_mixed, d_turned_q, d_turned_k, d_v,
                         scratch.take({ops.attention_scratch(shape, stream)}), stream);

  const Tensor d_q = turn_back(params, batch, rotary, q_norm_, saved.q, saved.inverse_q, d_turned_q,
                               scratch, stream);
  const Tensor d_k = turn_back(params, batch, rotary, k_norm_, saved.k, saved.inverse_k, d_turned_k,
                               scratch, stream);
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
