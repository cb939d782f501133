#include "launch/plan/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "io/local/parity_maker.h"
#include "io/text/byte_size.h"
#include "launch/host/counted.h"
#include "launch/plan/memory_advice.h"
#include "model/head/loss_head.h"
#include "model/transformer/activations.h"
#include "router/payload.h"
#include "runtime/params/params.h"
#include "train/islands/payload.h"

namespace switchyard::plan {
namespace {

std::int64_t divided_up(std::int64_t elements, std::int64_t parts) {
  return (elements + parts - 1) / parts;
}

// Dense parameters are shared out over all ranks, those of experts over their replicas.
std::int64_t owned_elements(std::int64_t dense, std::int64_t of_experts, const RunShape& shape) {
  return divided_up(dense, shape.num_ranks) + divided_up(of_experts, shape.num_replicas());
}

// Elements of the largest tensor with a gradient. In exact mode a product has this size before it
// is added up as integers.
std::int64_t largest_tensor(const RunShape& shape) {
  if (shape.largest_trained > 0) return shape.largest_trained;
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
                           .load_factor = shape.load_factor,
                           .guided = shape.guided,
                           .mtp_modules = shape.mtp_modules,
                           .device = {shape.device, 0}},
                          Stream::cpu(shape.device == Device::Kind::cpu ? shape.threads : 1))
      .total();
}

// Of the product with the most operands in bf16, beside rounded weights: the rows of experts and of
// their gradients, or logits and what they are made of.
std::int64_t rounding_scratch(const RunShape& shape) {
  if (shape.device != Device::Kind::cuda || !shape.rounded_weights) return 0;
  const ModelConfig& model = shape.model;
  const std::int64_t tokens = shape.micro_batch_tokens,
                     logits =
                         std::min(tokens, logit_chunk_rows(shape.vocabulary, {shape.device, 0}));
  const auto rows = static_cast<std::int64_t>(
      std::ceil(static_cast<double>(tokens * shape.router.top_k) * shape.load_factor));
  const std::int64_t of_experts = shape.num_moe_layers() > 0
                                      ? rows * (model.hidden + model.expert_hidden)
                                      : 0,
                     of_dense = tokens * (model.hidden +
                                          std::max({model.ffn_hidden, model.shared_expert_hidden,
                                                    model.num_heads * model.head_dim}));
  return 2 * std::max({of_experts, of_dense, logits * (shape.vocabulary + model.hidden)});
}

// Of cuBLASLt (runtime/product), and what a context and NCCL's channels were taken to need.
std::int64_t gpu_libraries(const RunShape& shape) {
  constexpr std::int64_t mib = std::int64_t{1} << 20, workspace = 32 * mib, context = 600 * mib,
                         channels = 400 * mib;
  if (shape.device != Device::Kind::cuda) return 0;
  return workspace + context + (shape.num_ranks > 1 ? channels : 0);
}

// Each thread keeps a masked matrix, and the sum of its gradient.
std::int64_t mask_scratch(const RunShape& shape) {
  const ModelConfig& model = shape.model;
  if (model.dropout.weights == 0 || model.dropout.weights_share == MaskShare::fixed) return 0;
  const std::int64_t widest = std::max(
      {shape.num_dense_layers() > 0 ? model.ffn_hidden : 0,
       shape.num_moe_layers() > 0 ? std::max(model.expert_hidden, model.shared_expert_hidden) : 0});
  return 2 * 4 * widest * model.hidden * shape.threads;
}

// The largest matrix as f32; and of each thread one of the experts, which may run beside each
// other.
std::int64_t decoded_weights(const RunShape& shape) {
  if (shape.packed.largest == 0) return 0;
  const bool beside = shape.threads > 1 && shape.num_moe_layers() > 0;
  const std::int64_t of_thread = shape.model.hidden * shape.model.expert_hidden;
  return 4 * (shape.packed.largest + (beside ? shape.threads * of_thread : 0));
}

// The window holds a micro-batch's tokens on their way out, an even share of results on their way
// back, and an eighth more.
std::int64_t window_bytes(const RunShape& shape) {
  if (shape.router.exchange != ExchangeKind::shared_memory || shape.num_moe_layers() == 0) return 0;
  const std::int64_t rows = shape.micro_batch_tokens * (1 + shape.router.top_k);
  const std::int64_t row = payload_row_bytes(shape.router.payload, shape.model.hidden);
  return rows * row + rows * row / 8;
}

// Values and gradients of an expert of one layer in each slot, and as rows on their way in and out.
std::int64_t guest_bytes(const RunShape& shape) {
  const std::int64_t moe_layers = shape.num_moe_layers();
  if (shape.router.balance_step == StepBalance::off || shape.expert_degree == 1 || moe_layers == 0)
    return 0;
  const std::int64_t held = shape.expert_elements() / (shape.hosted_experts() * moe_layers),
                     trained =
                         shape.trained_expert_elements() / (shape.hosted_experts() * moe_layers);
  const std::int64_t gradient = shape.exact ? 8 : 4;
  return shape.router.guest_slots * ((shape.rounded_weights ? 6 : 4) * held + gradient * trained +
                                     2 * std::max(4 * held, gradient * trained));
}

// Elements of the parts of trained parameters that the rank owns, and of one fragment of them.
std::int64_t owned_trained(const RunShape& shape) {
  return owned_elements(shape.trained_dense_elements(), shape.trained_expert_elements(), shape);
}

// The anchor, and a share of the velocities (train/islands/outer_step.h).
std::int64_t island_state(const RunShape& shape) {
  if (!shape.islands.active()) return 0;
  const std::int64_t owned = owned_trained(shape);
  return 4 * owned + 4 * divided_up(owned, shape.islands.count);
}

// Of the anchor and the velocities, each island writes a share.
std::int64_t island_state_written(const RunShape& shape) {
  if (!shape.islands.active()) return 0;
  return 8 * divided_up(owned_trained(shape), shape.islands.count);
}

// An exchange holds what is sent, and first its values, then as much as arrives; and its share of
// the result. A checkpoint, which waits for it, brings the velocities and that share together.
std::int64_t island_exchange(const RunShape& shape) {
  if (!shape.islands.active()) return 0;
  const std::int64_t owned = owned_trained(shape);
  const std::int64_t fragment = divided_up(owned, shape.islands.fragments);
  const std::int64_t sent = payload_bytes(shape.islands.payload, in_blocks(fragment));
  return std::max(
      sent + std::max(4 * fragment, sent) + 8 * divided_up(fragment, shape.islands.count),
      4 * owned + island_state_written(shape));
}

// What ranks take of one place, a node or a GPU.
struct Place {
  std::string_view name;
  std::int64_t bytes = 0;  // that it has
  std::function<int(const RunShape&)> num_ranks;
  std::function<std::vector<MemoryKind>(const RunShape&)> kinds;  // of one rank, in this place

  std::int64_t needed(const RunShape& shape) const {
    return num_ranks(shape) * total_bytes(kinds(shape));
  }
};

std::optional<std::string> problem_of(const RunShape& shape, const Place& place) {
  if (place.needed(shape) <= place.bytes) return std::nullopt;
  const std::vector<MemoryKind> kinds = place.kinds(shape);
  const auto largest =
      std::max_element(kinds.begin(), kinds.end(),
                       [](const MemoryKind& a, const MemoryKind& b) { return a.bytes < b.bytes; });
  const int ranks = place.num_ranks(shape);
  const auto fits = [&](const RunShape& other) { return place.needed(other) <= place.bytes; };
  return fmt::format("{} of this run {} {}, but {} has {}. Most of it is for {}. {}",
                     counted(ranks, "rank"), ranks == 1 ? "needs" : "need",
                     bytes_in_words(place.needed(shape)), place.name, bytes_in_words(place.bytes),
                     largest->name == "program" ? "the program itself" : largest->name,
                     memory_advice(shape, fits));
}

std::vector<MemoryKind> kinds_where(bool on_gpu, std::vector<MemoryKind> kinds) {
  std::erase_if(kinds, [&](const MemoryKind& kind) { return kind.on_gpu != on_gpu; });
  return kinds;
}

}  // namespace

std::vector<MemoryKind> memory_plan(const RunShape& shape, std::int64_t program_bytes) {
  const std::int64_t held = shape.dense_elements() + shape.expert_elements();
  const std::int64_t trained_dense = shape.trained_dense_elements(),
                     trained_experts = shape.trained_expert_elements();
  const bool gpu = shape.device == Device::Kind::cuda;
  // Every tensor is written by one rank: values by any replica, moments by their owners.
  const std::int64_t moments =
      2 * shape.moment_bytes *
          owned_elements(trained_dense - shape.matrices.dense,
                         trained_experts - shape.hosted_experts() * shape.matrices.of_an_expert,
                         shape) +
      (shape.packed.largest > 0 ? shape.moment_bytes : 4) * shape.matrices.state_elements;
  const std::int64_t written =
      4 * owned_elements(shape.dense_elements(), shape.expert_elements(), shape) -
      owned_elements(shape.packed.saved_dense,
                     shape.hosted_experts() * shape.packed.saved_of_an_expert, shape) +
      moments + island_state_written(shape);
  return {{"values", 4 * held - shape.saved_bytes(), gpu},
          {"rounded values", shape.rounded_weights ? 2 * held : 0, gpu},
          {"gradients", (shape.exact ? 8 : 4) * (trained_dense + trained_experts), gpu},
          {"moments", moments, gpu},
          {"product scratch", shape.exact ? 4 * largest_tensor(shape) : 0, gpu},
          {"matrix updates", 4 * shape.matrices.scratch_elements},
          {"decoded weights", decoded_weights(shape)},
          {"masked weights", mask_scratch(shape)},
          {"outer steps", island_state(shape)},
          {"island exchange", island_exchange(shape)},
          {"activations", activation_total(shape), gpu},
          {"rounding scratch", rounding_scratch(shape), gpu},
          {"GPU libraries", gpu_libraries(shape), gpu},
          {"exchange window", window_bytes(shape)},
          {"guests", guest_bytes(shape), gpu},
          {"checkpoint copy", shape.asynchronous_saves ? written : 0},
          {"parity on its way", shape.local_saves ? std::min(parity_memory_bytes, 3 * written) : 0},
          {"program", program_bytes}};
}

std::int64_t total_bytes(const std::vector<MemoryKind>& kinds) {
  return gpu_bytes(kinds) + host_bytes(kinds);
}

std::int64_t gpu_bytes(const std::vector<MemoryKind>& kinds) {
  std::int64_t total = 0;
  for (const MemoryKind& kind : kinds) total += kind.on_gpu ? kind.bytes : 0;
  return total;
}

std::int64_t host_bytes(const std::vector<MemoryKind>& kinds) {
  std::int64_t total = 0;
  for (const MemoryKind& kind : kinds) total += kind.on_gpu ? 0 : kind.bytes;
  return total;
}

std::optional<std::string> memory_problem(const RunShape& shape, std::int64_t program_bytes,
                                          std::int64_t node_bytes) {
  return problem_of(
      shape,
      {"a node", node_bytes, [](const RunShape& each) { return each.ranks_per_node; },
       [&](const RunShape& each) { return kinds_where(false, memory_plan(each, program_bytes)); }});
}

std::optional<std::string> gpu_memory_problem(const RunShape& shape, int ranks_per_gpu,
                                              std::int64_t bytes) {
  const auto sharing = [&](const RunShape& each) {
    return std::max(1, ranks_per_gpu * each.ranks_per_node / shape.ranks_per_node);
  };
  return problem_of(shape, {"a GPU", bytes, sharing, [](const RunShape& each) {
                              return kinds_where(true, memory_plan(each, 0));
                            }});
}

}  // namespace switchyard::plan
