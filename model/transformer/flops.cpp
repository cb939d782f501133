#include "model/transformer/flops.h"

namespace switchyard {

double forward_flops_per_token(const ModelConfig& model, int top_k, std::int64_t vocabulary,
                               std::int64_t sequence) {
  const std::int64_t queries = model.num_heads * model.head_dim,
                     keys = model.num_kv_heads * model.head_dim;
  const std::int64_t projections = model.hidden * (2 * queries + 2 * keys);
  const std::int64_t attention =
      queries * (sequence + 1);  // scores and weighted values, over half a row on average
  const std::int64_t dense = 3 * model.hidden * model.ffn_hidden;
  const std::int64_t moe =
      3 * model.hidden * (top_k * model.expert_hidden + model.shared_expert_hidden) +
      model.hidden * (model.num_experts + (has_shared_gate(model) ? 1 : 0));
  const std::int64_t num_dense = num_dense_layers(model);
  const std::int64_t layers = model.num_layers * (projections + attention) + num_dense * dense +
                              (model.num_layers - num_dense) * moe;
  return 2.0 * static_cast<double>(layers + vocabulary * model.hidden);
}

}  // namespace switchyard
