#include "model/transformer/activations.h"

#include <algorithm>
#include <cmath>

#include "model/head/loss_head.h"
#include "model/ops.h"
#include "router/payload.h"
#include "runtime/product/matmul.h"

namespace switchyard {
namespace {

// Bytes of tensors of 4-byte elements, each rounded up as an arena does.
class Sum {
 public:
  Sum& add(std::int64_t elements, std::int64_t times = 1) {
    bytes_ += times * ((4 * elements + 63) / 64 * 64);
    return *this;
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};

// The sizes of one micro-batch on this rank.
struct BatchSizes {
  std::int64_t tokens, hidden, queries, keys, slots, crossings, received, shard_rows, gate_scores;

  BatchSizes(const ModelConfig& model, const RouterConfig& router, const ActivationInputs& inputs,
             Device device)
      : tokens(inputs.tokens),
        hidden(model.hidden),
        queries(model.num_heads * model.head_dim),
        keys(model.num_kv_heads * model.head_dim),
        slots(tokens * router.top_k),
        crossings(tokens * std::min(router.top_k, inputs.num_expert_ranks)) {
    const double most = static_cast<double>(slots) * inputs.num_expert_ranks;
    received = static_cast<std::int64_t>(
        std::min(most, std::ceil(inputs.load_factor * static_cast<double>(slots))));
    // Each (expert, source rank) is a segment of its own, on a GPU padded to whole tiles.
    const std::int64_t segments =
        std::min<std::int64_t>(received, (model.num_experts + inputs.num_expert_ranks - 1) /
                                             inputs.num_expert_ranks * inputs.num_expert_ranks);
    shard_rows = received + segments * (row_tile_on(device) - 1);
    const std::int64_t choices =
        router.gate == GateKind::expert_choice ? model.num_experts : router.top_k;
    gate_scores = tokens * choices;
  }
};

void add_norm(Sum& sum, const BatchSizes& size) {
  sum.add(size.tokens * size.hidden).add(size.tokens);
}

void add_attention(Sum& sum, const ModelConfig& model, const BatchSizes& size) {
  add_norm(sum, size);
  sum.add(size.tokens * size.queries, 3).add(size.tokens * size.keys, 3);
  if (model.qk_norm) sum.add(size.tokens * model.num_heads).add(size.tokens * model.num_kv_heads);
  sum.add(size.tokens * model.num_heads);
}

// What the gate decided, and the plan.
std::int64_t routing_bytes(const ModelConfig& model, const RouterConfig& router,
                           const BatchSizes& size) {
  Sum sum;
  sum.add(size.gate_scores, 3).add(size.slots).add(size.received);
  if (router.jitter > 0) sum.add(size.tokens * size.hidden);
  if (router.gate != GateKind::hash) sum.add(size.tokens * model.num_experts, 2).add(size.tokens);
  if (router.gate == GateKind::noisy_topk) sum.add(size.tokens * model.num_experts);
  if (router.exchange == ExchangeKind::hierarchical || router.exchange == ExchangeKind::automatic)
    sum.add(size.slots, 3).add(size.received, 3);
  if (router.node_sums) sum.add(size.slots, 2);
  return sum.bytes();
}

// Activations of one layer without its input, output and routing.
std::int64_t layer_bytes(const ModelConfig& model, const RouterConfig& router, bool dense,
                         const BatchSizes& size) {
  Sum sum;
  sum.add(size.tokens * size.hidden);  // between attention and FFN
  add_attention(sum, model, size);
  add_norm(sum, size);
  if (dense) return sum.add(size.tokens * model.ffn_hidden, 3).bytes();
  sum.add(size.shard_rows * size.hidden).add(size.shard_rows * model.expert_hidden, 3);
  if (router.node_sums) {  // results stay at the experts, where their weights are
    sum.add(size.shard_rows * size.hidden).add(size.slots).add(size.received);
  } else {
    sum.add(size.slots * size.hidden);
  }
  if (model.shared_expert_hidden > 0) sum.add(size.tokens * model.shared_expert_hidden, 3);
  return sum.bytes();
}

// Exchange::combine_sums with router.node_sums: within a node rows are f32; crossings are summed
// and packed. A dispatch takes less.
std::int64_t node_sums_bytes(const RouterConfig& router, const BatchSizes& size) {
  const std::int64_t row = payload_row_bytes(router.payload, size.hidden) / 4;
  Sum sum;
  sum.add(size.received * size.hidden).add(size.slots * size.hidden);
  sum.add(size.crossings * size.hidden, 2).add(size.received, 3).add(size.slots);
  if (router.payload != Payload::f32) sum.add(size.crossings * row, 2);
  return sum.bytes();
}

// A dispatch or a combine, which give back what they took, by the exchange that packs most.
std::int64_t exchange_bytes(const RouterConfig& router, const BatchSizes& size, bool with_weights) {
  if (router.node_sums) return node_sums_bytes(router, size);
  const std::int64_t row = payload_row_bytes(router.payload, size.hidden) / 4;
  Sum sum;
  sum.add(size.slots * row).add(size.received * row);
  if (router.payload != Payload::f32 || router.exchange == ExchangeKind::pipelined)
    sum.add(size.slots * row);
  if (router.exchange == ExchangeKind::pipelined || router.exchange == ExchangeKind::automatic)
    sum.add(size.slots, 2).add(size.received, 3);
  if (router.exchange == ExchangeKind::hierarchical || router.exchange == ExchangeKind::automatic)
    sum.add(size.slots * row, 3);
  if (with_weights) sum.add(size.slots).add(size.received);
  return sum.bytes();
}

std::int64_t attention_scratch(const ModelConfig& model, const ActivationInputs& inputs,
                               const Stream& stream) {
  const AttentionShape shape{inputs.tokens / std::max<std::int64_t>(1, inputs.sequence_length),
                             inputs.sequence_length, model.num_heads, model.num_kv_heads,
                             model.head_dim};
  return ModelOps::on(stream.device()).attention_scratch(shape, stream);
}

std::int64_t forward_scratch(const ModelConfig& model, const RouterConfig& router,
                             const ActivationInputs& inputs, const BatchSizes& size,
                             const Stream& stream) {
  Sum sum;
  sum.add(attention_scratch(model, inputs, stream));
  if (!router.node_sums) sum.add(size.shard_rows * size.hidden);
  if (model.shared_expert_hidden > 0) sum.add(size.tokens * size.hidden);
  return sum.bytes() + exchange_bytes(router, size, false);
}

std::int64_t backward_scratch(const ModelConfig& model, const RouterConfig& router,
                              const ActivationInputs& inputs, const BatchSizes& size,
                              const Stream& stream) {
  const ModelOps& ops = ModelOps::on(stream.device());
  Sum sum;
  sum.add(size.tokens * size.hidden);  // of the branch
  sum.add(size.gate_scores).add(size.shard_rows * size.hidden, router.node_sums ? 1 : 2);
  if (model.shared_expert_hidden > 0) sum.add(size.tokens * size.hidden);
  if (router.gate != GateKind::hash) sum.add(size.tokens * model.num_experts, 2);
  if (router.jitter > 0) sum.add(size.tokens * size.hidden);
  sum.add(size.hidden, 2).add(ops.rms_norm_scratch(size.tokens, size.hidden), 2);
  sum.add(size.tokens * size.queries, 2).add(size.tokens * size.keys, 2);
  sum.add(attention_scratch(model, inputs, stream));
  if (model.qk_norm) {
    sum.add(model.head_dim, 2)
        .add(ops.rms_norm_scratch(size.tokens * model.num_heads, model.head_dim))
        .add(ops.rms_norm_scratch(size.tokens * model.num_kv_heads, model.head_dim));
  }
  return sum.bytes() + exchange_bytes(router, size, true);
}

std::int64_t head_scratch(const ActivationInputs& inputs, const BatchSizes& size,
                          const Stream& stream) {
  const ModelOps& ops = ModelOps::on(stream.device());
  const std::int64_t rows = std::min(logit_chunk_rows(inputs.vocabulary), inputs.tokens);
  Sum sum;
  sum.add(rows * inputs.vocabulary).add(inputs.tokens).add(size.hidden);
  sum.add(ops.rms_norm_scratch(size.tokens, size.hidden));
  return std::max(sum.bytes(), Sum().add(inputs.vocabulary * size.hidden).bytes());
}

}  // namespace

ActivationBytes activation_bytes(const ModelConfig& model, const RouterConfig& router,
                                 const ActivationInputs& inputs, const Stream& stream) {
  const BatchSizes size(model, router, inputs, stream.device());
  ActivationBytes bytes;
  Sum stream_of_layers;  // the inputs of all layers, the last output, its gradient, the final norm
  stream_of_layers.add(size.tokens * size.hidden, model.num_layers + 2);
  if (stream.device() != Device::cpu()) stream_of_layers.add(size.tokens, 3);  // the batch, sent
  add_norm(stream_of_layers, size);
  bytes.kept = stream_of_layers.bytes();
  for (int layer = 0; layer < model.num_layers; ++layer) {
    const bool dense = std::find(model.dense_layers.begin(), model.dense_layers.end(), layer) !=
                       model.dense_layers.end();
    if (!dense) bytes.kept += routing_bytes(model, router, size);
    const std::int64_t of_layer = layer_bytes(model, router, dense, size);
    if (layer < inputs.recompute_layers) {
      bytes.recomputed = std::max(bytes.recomputed, of_layer);
    } else {
      bytes.kept += of_layer;
    }
  }
  bytes.scratch = std::max({forward_scratch(model, router, inputs, size, stream),
                            backward_scratch(model, router, inputs, size, stream),
                            head_scratch(inputs, size, stream)});
  return bytes;
}

}  // namespace switchyard
