#include "model/attention/self_attention.h"

#include "model/attention/past.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// The rows and columns over which QK-norm goes.
Shape norm_shape(const ModelConfig& config, std::int64_t tokens, int heads) {
  return config.qk_norm == QkNorm::head ? Shape{tokens * heads, config.head_dim}
                                        : Shape{tokens, heads * config.head_dim};
}

}  // namespace

SelfAttention::SelfAttention(Params& params, const std::string& name, int layer,
                             const ModelConfig& config, const RotaryTable& rotary)
    : config_(config), rotary_(rotary), layer_(layer), window_(window_of(config, layer)) {
  const std::int64_t queries = config.num_heads * config.head_dim,
                     keys = config.num_kv_heads * config.head_dim;
  const auto declare = [&](const char* part, Shape shape, double std, bool bias) {
    return Linear(params, {.name = name + "." + part, .shape = shape, .init_std = std},
                  bias ? Bias::yes : Bias::no);
  };
  q_ = declare("q", {queries, config.hidden}, init_std_of(config), config.qkv_bias);
  k_ = declare("k", {keys, config.hidden}, init_std_of(config), config.qkv_bias);
  v_ = declare("v", {keys, config.hidden}, init_std_of(config), config.qkv_bias);
  o_ = declare("o", {config.hidden, queries}, residual_init_std(config), config.o_bias);
  if (config.qk_norm != QkNorm::none) {
    const auto norm = [&](const char* part, int heads) {
      return params.declare({.name = name + "." + part,
                             .shape = {norm_shape(config, 1, heads)[1]},
                             .init_value = 1.0F,
                             .decays = false});
    };
    q_norm_ = norm("q_norm", config.num_heads);
    k_norm_ = norm("k_norm", config.num_kv_heads);
  }
}

SelfAttention::Saved SelfAttention::Saved::take(Arena& arena, const ModelConfig& config,
                                                std::int64_t tokens, const Ranks& ranks) {
  const std::int64_t heads = config.num_heads, kv_heads = config.num_kv_heads,
                     dim = config.head_dim;
  Saved saved;
  saved.q = arena.take({tokens, heads * dim});
  saved.k = arena.take({tokens, kv_heads * dim});
  saved.v = arena.take({tokens, kv_heads * dim});
  saved.rotated_q = arena.take({tokens, heads, dim});
  saved.rotated_k = arena.take({tokens, kv_heads, dim});
  if (config.qk_norm != QkNorm::none) {
    saved.inverse_q = arena.take({norm_shape(config, tokens, config.num_heads)[0]});
    saved.inverse_k = arena.take({norm_shape(config, tokens, config.num_kv_heads)[0]});
  }
  saved.attention_out = arena.take({tokens, heads, dim});
  saved.log_sum = arena.take({tokens, heads});
  for (std::size_t i = 0; i < ranks.size(); ++i)
    if (ranks[i] > 0) saved.narrow[i] = arena.take({tokens, ranks[i]});
  return saved;
}

SelfAttention::BackwardScratch SelfAttention::BackwardScratch::take(Arena& arena,
                                                                    const ModelConfig& config,
                                                                    std::int64_t tokens,
                                                                    const AttentionShape& shape,
                                                                    const Stream& stream) {
  const Shape queries{tokens, config.num_heads, config.head_dim},
      keys{tokens, config.num_kv_heads, config.head_dim};
  BackwardScratch scratch;
  scratch.d_attention_out = arena.take(queries);
  scratch.d_rotated_q = arena.take(queries);
  scratch.d_rotated_k = arena.take(keys);
  scratch.d_v = arena.take(keys);
  scratch.tiles = take_tiles(arena, shape, stream);
  if (config.qk_norm != QkNorm::none) {
    const auto take_norm = [&](int heads) {
      const Shape rows = norm_shape(config, tokens, heads);
      return Norm::BackwardScratch::take(arena, rows[0], rows[1], stream.device());
    };
    scratch.q_norm = take_norm(config.num_heads);
    scratch.k_norm = take_norm(config.num_kv_heads);
  }
  const auto take_bias = [&](std::int64_t out) {
    return Linear::BiasScratch::take(arena, tokens, out);
  };
  if (config.qkv_bias) {
    scratch.q_bias = take_bias(config.num_heads * config.head_dim);
    scratch.kv_bias = take_bias(config.num_kv_heads * config.head_dim);
  }
  if (config.o_bias) scratch.o_bias = take_bias(config.hidden);
  return scratch;
}

Tensor SelfAttention::take_tiles(Arena& arena, const AttentionShape& shape, const Stream& stream) {
  return arena.take({ModelOps::on(stream.device()).attention_scratch(shape, stream)});
}

AttentionShape SelfAttention::shape_of(const Batch& batch) const {
  return {batch.num_sequences, batch.sequence_length, config_.num_heads, config_.num_kv_heads,
          config_.head_dim};
}

AttentionTensors SelfAttention::tensors_of(const Batch& batch, const Saved& saved) const {
  return {saved.rotated_q,
          saved.rotated_k,
          saved.v.view(saved.rotated_k.shape),
          window_ > 0 ? batch.reach : batch.positions,
          saved.attention_out,
          saved.log_sum};
}

void SelfAttention::apply_rotary(const LayerContext& context, ParamId norm, Tensor x,
                                 Tensor rotated, Tensor inverse) const {
  Stream& stream = context.stream;
  ModelOps& ops = ModelOps::on(stream.device());
  if (norm >= 0) {
    const Tensor weight = context.params.value(norm);
    const Shape rows{inverse.size(), weight.size()};
    ops.rms_norm(x.view(rows), weight, config_.norm_epsilon, rotated.view(rows), inverse, stream);
  } else {
    RuntimeOps::on(stream.device()).copy(x, rotated, stream);
  }
  ops.rotate(rotated, context.batch.positions, rotary_, 1, stream);
}

void SelfAttention::undo_rotary(const LayerContext& context, ParamId norm, Tensor x, Tensor inverse,
                                Tensor d, const Norm::BackwardScratch& scratch) const {
  Stream& stream = context.stream;
  ModelOps& ops = ModelOps::on(stream.device());
  ops.rotate(d, context.batch.positions, rotary_, -1, stream);
  if (norm < 0) return;
  const Tensor weight = context.params.value(norm);
  const Shape rows{inverse.size(), weight.size()};
  const Tensor d_rows = d.view(rows);
  ops.rms_norm_backward({x.view(rows), weight, inverse, d_rows, d_rows, scratch.d_weight},
                        scratch.sums, stream);
  context.params.add_gradient(norm, scratch.d_weight, stream);
}

void SelfAttention::forward(const LayerContext& context, Tensor x, const Saved& saved,
                            Tensor out) const {
  Stream& stream = context.stream;
  const Span span(stream, "attention");
  q_.forward(context.params, x, saved.q, stream, saved.work(0));
  k_.forward(context.params, x, saved.k, stream, saved.work(1));
  v_.forward(context.params, x, saved.v, stream, saved.work(2));
  apply_rotary(context, q_norm_, saved.q, saved.rotated_q, saved.inverse_q);
  apply_rotary(context, k_norm_, saved.k, saved.rotated_k, saved.inverse_k);
  attend(context, saved);
  o_.forward(context.params, saved.attention_out.view(saved.q.shape), out, stream, saved.work(3));
}

void SelfAttention::attend(const LayerContext& context, const Saved& saved) const {
  const auto& [params, batch, workspace, stream, of_dropout] = context;
  ModelOps& ops = ModelOps::on(stream.device());
  const ArenaScope scope(workspace.scratch);
  if (batch.past == nullptr) {
    const AttentionShape shape = shape_of(batch);
    ops.attention(tensors_of(batch, saved), shape, take_tiles(workspace.scratch, shape, stream),
                  stream);
    return;
  }
  const Past& past = *batch.past;
  const Tensor score =
      workspace.scratch.take({saved.attention_out.dim(0), config_.num_heads, past.capacity()});
  ops.attention_past(
      {saved.rotated_q, saved.rotated_k, saved.v.view(saved.rotated_k.shape), past.keys(layer_),
       past.values(layer_), past.lengths(), score, saved.attention_out, window_},
      stream);
}

void SelfAttention::backward(const LayerContext& context, Tensor x, const Saved& saved,
                             Tensor d_out, Tensor d_x) const {
  Params& params = context.params;
  Stream& stream = context.stream;
  const Span span(stream, "attention");
  const AttentionShape shape = shape_of(context.batch);
  const auto scratch =
      BackwardScratch::take(context.workspace.scratch, config_, x.rows(), shape, stream);
  o_.weight_gradient(params, d_out, saved.attention_out.view(saved.q.shape), stream, saved.work(3));
  o_.bias_gradient(params, d_out, scratch.o_bias, stream);
  o_.input_gradient(params, d_out, scratch.d_attention_out.view(saved.q.shape), Write::replace,
                    stream, saved.work(3));
  ModelOps::on(stream.device())
      .attention_backward(
          tensors_of(context.batch, saved),
          {scratch.d_attention_out, scratch.d_rotated_q, scratch.d_rotated_k, scratch.d_v}, shape,
          scratch.tiles, stream);
  undo_rotary(context, q_norm_, saved.q, saved.inverse_q, scratch.d_rotated_q, scratch.q_norm);
  undo_rotary(context, k_norm_, saved.k, saved.inverse_k, scratch.d_rotated_k, scratch.k_norm);

  Write write = Write::replace;
  const auto project_back = [&](const Linear& linear, Tensor d, const Linear::BiasScratch& bias,
                                const Linear::Work& work) {
    linear.weight_gradient(params, d, x, stream, work);
    linear.bias_gradient(params, d, bias, stream);
    linear.input_gradient(params, d, d_x, write, stream, work);
    write = Write::add;
  };
  project_back(q_, scratch.d_rotated_q.view(saved.q.shape), scratch.q_bias, saved.work(0));
  project_back(k_, scratch.d_rotated_k.view(saved.k.shape), scratch.kv_bias, saved.work(1));
  project_back(v_, scratch.d_v.view(saved.v.shape), scratch.kv_bias, saved.work(2));
}

}  // namespace switchyard
