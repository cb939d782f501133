#include "launch/plan/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/local/parity_maker.h"
#include "io/text/byte_size.h"
#include "launch/host/counted.h"
#include "model/transformer/activations.h"
#include "router/payload.h"
#include "runtime/params/params.h"

namespace switchyard::plan {
namespace {

std::int64_t divided_up(std::int64_t elements, std::int64_t parts) {
  return (elements + parts - 1) / parts;
}

// Dense parameters are shared out over all ranks, those of experts over their replicas.
std::int64_t owned_elements(const RunShape& shape) {
  return divided_up(shape.dense_elements(), shape.num_ranks) +
         divided_up(shape.expert_elements(), shape.num_replicas());
}

// Elements of the largest tensor. In exact mode a product has this size before it is added up as
// integers.
std::int64_t largest_tensor(const RunShape& shape) {
  const ModelConfig& model = shape.model;
  const std::int64_t queries = model.num_heads * model.head_dim;
  std::int64_t widest = std::max(queries, shape.vocabulary);
  if (shape.num_dense_layers() > 0) widest = std::max(widest, model.ffn_hidden);
  if (shape.num_moe_layers() > 0)
    widest = std::max({widest, model.expert_hidden, model.shared_expert_hidden,
                       static_cast<std::int64_t>(model.num_experts)});
  return widest * model.hidden;
}

std::int64_t activation_total(const RunShape& shape) {
  return activation_bytes(shape.model, shape.router,
                          {.vocabulary = shape.vocabulary,
                           .sequence_length = shape.sequence_length,
                           .tokens = shape.micro_batch_tokens,
                           .num_expert_ranks = shape.expert_degree,
                           .recompute_layers = shape.recompute_layers,
                           .load_factor = shape.load_factor},
                          Stream::cpu(shape.threads))
      .total();
}

// The window holds a micro-batch's tokens on their way out, an even share of results on their way
// back, and an eighth more.
std::int64_t window_bytes(const RunShape& shape) {
  if (shape.router.exchange != ExchangeKind::shared_memory) return 0;
  const std::int64_t rows = shape.micro_batch_tokens * (1 + shape.router.top_k);
  const std::int64_t row = payload_row_bytes(shape.router.payload, shape.model.hidden);
  return rows * row + rows * row / 8;
}

}  // namespace

std::vector<MemoryKind> memory_plan(const RunShape& shape, std::int64_t program_bytes) {
  const std::int64_t held = shape.dense_elements() + shape.expert_elements();
  const std::int64_t owned = owned_elements(shape);
  // Every tensor is written by one rank: values by any replica, moments by their owners.
  const std::int64_t moments = 2 * shape.moment_bytes * owned;
  const std::int64_t written = 4 * owned + moments;
  return {{"values", 4 * held},
          {"gradients", (shape.exact ? 8 : 4) * held},
          {"moments", moments},
          {"product scratch", shape.exact ? 4 * largest_tensor(shape) : 0},
          {"activations", activation_total(shape)},
          {"exchange window", window_bytes(shape)},
          {"checkpoint copy", shape.asynchronous_saves ? written : 0},
          {"parity on its way", shape.local_saves ? std::min(parity_memory_bytes, 3 * written) : 0},
          {"program", program_bytes}};
}

std::int64_t total_bytes(const std::vector<MemoryKind>& kinds) {
  std::int64_t total = 0;
  for (const MemoryKind& kind : kinds) total += kind.bytes;
  return total;
}

std::optional<std::string> memory_problem(const RunShape& shape, std::int64_t program_bytes,
                                          std::int64_t node_bytes) {
  const std::vector<MemoryKind> kinds = memory_plan(shape, program_bytes);
  const std::int64_t needed = shape.ranks_per_node * total_bytes(kinds);
  if (needed <= node_bytes) return std::nullopt;
  const auto largest =
      std::max_element(kinds.begin(), kinds.end(),
                       [](const MemoryKind& a, const MemoryKind& b) { return a.bytes < b.bytes; });
  const bool activations = largest->name == "activations";
  return fmt::format(
      "{} of this run {} {}, but a node has {}. Most of it is for {}: use more nodes, fewer "
      "ranks per node, {}",
      counted(shape.ranks_per_node, "rank"), shape.ranks_per_node == 1 ? "needs" : "need",
      bytes_in_words(needed), bytes_in_words(node_bytes), largest->name,
      activations ? "a smaller train.micro_batch_size or train.recompute_layers = " +
                        std::to_string(shape.model.num_layers)
                  : std::string("or a larger parallel.experts"));
}

}  // namespace switchyard::plan
