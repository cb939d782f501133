#include "launch/plan/step_work.h"

#include <algorithm>

#include "model/blocks/block.h"
#include "model/transformer/flops.h"
#include "router/payload.h"

namespace switchyard::plan {
namespace {

constexpr double forward_and_backward = 3.0;  // backward has two products for each of forward

// Returns how often a layer's forward products are computed in a step, counting backward as two,
// averaged over the layers of a kind.
double passes(const RunShape& shape, bool dense) {
  std::int64_t again = 0, all = 0;
  for (int layer = 0; layer < num_blocks(shape.model); ++layer) {
    if (is_dense(shape.model, layer) != dense) continue;
    ++all;
    again += layer < shape.recompute_layers ? 1 : 0;
  }
  const double share = all == 0 ? 0.0 : static_cast<double>(again) / static_cast<double>(all);
  return forward_and_backward + share;
}

// The shape of what a step computes.
RunShape computed_shape(RunShape shape) {
  shape.model.mtp_depth = shape.mtp_modules;
  return shape;
}

// FLOPs of one token in all blocks, forward and backward. shape: see computed_shape.
struct TokenFlops {
  double attention = 0.0, ffn, experts, gate, head;

  explicit TokenFlops(const RunShape& shape) {
    const ModelConfig& m = shape.model;
    const double d = static_cast<double>(m.hidden);
    const auto queries = static_cast<double>(m.num_heads * m.head_dim),
               keys = static_cast<double>(m.num_kv_heads * m.head_dim);
    const auto moe = static_cast<double>(shape.num_moe_layers()),
               dense = static_cast<double>(shape.num_dense_layers());
    const double dense_passes = passes(shape, true), moe_passes = passes(shape, false);
    for (int layer = 0; layer < num_blocks(m); ++layer) {
      const double terms = attention_terms(m, layer, shape.sequence_length);
      attention += 2.0 * (d * (2 * queries + 2 * keys) + queries * terms) *
                   (forward_and_backward + (layer < shape.recompute_layers ? 1.0 : 0.0));
    }
    ffn = 2.0 * d *
          (dense * static_cast<double>(3 * m.ffn_hidden) * dense_passes +
           moe * static_cast<double>(3 * m.shared_expert_hidden + (has_shared_gate(m) ? 1 : 0)) *
               moe_passes);
    experts =
        6.0 * d * moe * static_cast<double>(shape.router.top_k * m.expert_hidden) * moe_passes;
    gate = shape.router.gate == GateKind::hash
               ? 0.0
               : 2.0 * d * moe * static_cast<double>(m.num_experts) * forward_and_backward;
    ffn += 4.0 * d * d * m.mtp_depth * forward_and_backward;  // projections of modules
    head =
        2.0 * d * static_cast<double>(shape.vocabulary) * forward_and_backward * (1 + m.mtp_depth);
    const auto add = [&](double& part, ParamRole role, double times, double role_passes) {
      const auto index = static_cast<std::size_t>(role);
      part += 2.0 * times *
              (role_passes * static_cast<double>(shape.added[index]) -
               static_cast<double>(shape.without_gradient[index]));
    };
    add(attention, ParamRole::attention, 1.0,
        forward_and_backward + static_cast<double>(shape.recompute_layers) / num_blocks(m));
    add(ffn, ParamRole::ffn, 1.0, dense_passes);
    add(ffn, ParamRole::shared, 1.0, moe_passes);
    add(experts, ParamRole::experts, shape.router.top_k, moe_passes);
    add(gate, ParamRole::router, 1.0, forward_and_backward);
    add(head, shape.model.tie_embeddings ? ParamRole::embedding : ParamRole::head, 1.0, 0.0);
  }
  double total() const { return attention + ffn + experts + gate + head; }
};

double owned_parameters(const RunShape& shape) {
  return static_cast<double>(shape.trained_dense_elements()) / shape.num_ranks +
         static_cast<double>(shape.trained_expert_elements()) / shape.num_replicas();
}

// Bytes of the values that a step hashes, to compare replicas (train/guard/replica_check.h).
double compared_bytes(const RunShape& shape) {
  if (shape.num_ranks == 1 || shape.compare_every == 0) return 0.0;
  const auto held = static_cast<double>(shape.dense_elements() + shape.expert_elements());
  return 4.0 * held / static_cast<double>(shape.compare_every);
}

// Bytes of gradients that a rank sends for replicas of experts within an expert group: to the
// replica on the lowest rank, and back.
double copied_bytes(const RunShape& shape) {
  const double extra =
      static_cast<double>(shape.slots_of_experts() - shape.model.num_experts) / shape.expert_degree;
  const double hosted = std::max(1.0, static_cast<double>(shape.hosted_experts()));
  const double of_an_expert = static_cast<double>(shape.trained_expert_elements()) / hosted;
  return 2.0 * (shape.exact ? 8.0 : 4.0) * extra * of_an_expert;
}

// Bytes of the rows of one layer and micro-batch that travel in one direction, as f32 or as
// payload.
double row_bytes(const RunShape& shape, bool payload) {
  const double rows = static_cast<double>(shape.micro_batch_tokens * shape.router.top_k);
  return rows *
         static_cast<double>(payload ? payload_row_bytes(shape.router.payload, shape.model.hidden)
                                     : 4 * shape.model.hidden);
}

}  // namespace

double training_flops_per_token(const RunShape& shape) {
  return TokenFlops(computed_shape(shape)).total();
}

std::vector<PartWork> step_work(const RunShape& shape) {
  const RunShape computed = computed_shape(shape);
  const TokenFlops flops(computed);
  const auto rounds = static_cast<double>(shape.rounds);
  const double tokens = rounds * static_cast<double>(shape.micro_batch_tokens);
  const double token_bytes = tokens * 4.0 * static_cast<double>(shape.model.hidden);
  const auto layers = static_cast<double>(num_blocks(computed.model)),
             moe = static_cast<double>(computed.num_moe_layers()),
             modules = static_cast<double>(shape.mtp_modules),
             again = static_cast<double>(shape.recompute_layers);
  const auto table = static_cast<double>(shape.vocabulary * shape.model.hidden);
  const double gradient_bytes = shape.exact ? 8.0 : 4.0;
  const auto held =
      static_cast<double>(shape.trained_dense_elements() + shape.trained_expert_elements());
  const double owned = owned_parameters(shape);
  const double moe_passes = passes(computed, false);
  const Traffic traffic = step_traffic(shape);
  std::vector<PartWork> parts = {
      {"attention", WorkUnit::flops, tokens * flops.attention},
      {"ffn", WorkUnit::flops, tokens * flops.ffn},
      {"experts", WorkUnit::flops, tokens * flops.experts},
      {"gate", WorkUnit::flops, tokens * flops.gate},
      {"head", WorkUnit::flops, tokens * flops.head},
      {"norms", WorkUnit::bytes,
       token_bytes * ((Block::forward_traffic + Block::backward_traffic) * layers +
                      Block::forward_traffic * again +
                      (Norm::forward_traffic + Norm::backward_traffic) * (1 + 3 * modules))},
      // The table's gradient is cleared, filled and added once per micro-batch.
      {"embedding", WorkUnit::bytes,
       (1 + modules) * (4 * token_bytes + rounds * table * (8.0 + 2 * gradient_bytes))},
      {"plan", WorkUnit::choices, tokens * moe * static_cast<double>(shape.router.top_k)},
      // Packed and unpacked each way, then summed: seven passes over the rows forward.
      {"permute", WorkUnit::bytes,
       rounds * moe * row_bytes(shape, false) * (16 + 7 * (moe_passes - forward_and_backward))},
      {"exchange", WorkUnit::sent, traffic.rows},
      {"zero", WorkUnit::bytes, gradient_bytes * held},
      {"copies", WorkUnit::sent, traffic.copies},
      {"reduce", WorkUnit::sent, traffic.gradients},
      {"clip", WorkUnit::bytes, gradient_bytes * owned},
      {"optimizer", WorkUnit::bytes, shape.owned_block_elements() * (gradient_bytes + 24.0)},
      {"gather", WorkUnit::sent, traffic.values},
      {"compare", WorkUnit::bytes, compared_bytes(shape)}};
  if (shape.matrices.flops > 0.0)
    parts.push_back({"matrices", WorkUnit::flops, shape.matrices.flops});
  return parts;
}

Traffic step_traffic(const RunShape& shape) {
  const double group = shape.expert_degree, world = shape.num_ranks,
               replicas = shape.num_replicas();
  const double away =
      static_cast<double>(shape.trained_dense_elements()) * (world - 1) / world +
      static_cast<double>(shape.trained_expert_elements()) * (replicas - 1) / replicas;
  const RunShape computed = computed_shape(shape);
  Traffic traffic;
  traffic.rows = static_cast<double>(shape.rounds * computed.num_moe_layers()) *
                 row_bytes(shape, true) * (1 + passes(computed, false)) * (group - 1) / group;
  traffic.copies = copied_bytes(shape);
  traffic.gradients = (shape.exact ? 8.0 : 4.0) * away;
  traffic.values = 4.0 * away -
                   static_cast<double>(shape.packed.saved_dense) * (world - 1) / world -
                   static_cast<double>(shape.hosted_experts() * shape.packed.saved_of_an_expert) *
                       (replicas - 1) / replicas;
  return traffic;
}

}  // namespace switchyard::plan
