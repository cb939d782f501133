#include "model/transformer/flops.h"

#include <algorithm>

namespace switchyard {

double attention_terms(const ModelConfig& model, int layer, std::int64_t sequence) {
  const std::int64_t window = window_of(model, layer);
  const auto keys = static_cast<double>(window > 0 ? std::min(window, sequence) : sequence);
  // The first `keys` tokens see 1, 2, ... keys, the others all of them.
  return keys * (static_cast<double>(2 * sequence + 1) - keys) / static_cast<double>(sequence);
}

double forward_flops_per_token(const ModelConfig& model, int top_k, std::int64_t vocabulary,
                               std::int64_t sequence) {
  const std::int64_t queries = model.num_heads * model.head_dim,
                     keys = model.num_kv_heads * model.head_dim;
  const std::int64_t projections = model.hidden * (2 * queries + 2 * keys);
  double terms = 0.0;
  for (int layer = 0; layer < model.num_layers; ++layer)
    terms += attention_terms(model, layer, sequence);
  const std::int64_t dense = 3 * model.hidden * model.ffn_hidden;
  const std::int64_t moe =
      3 * model.hidden * (top_k * model.expert_hidden + model.shared_expert_hidden) +
      model.hidden * (model.num_experts + (has_shared_gate(model) ? 1 : 0));
  const std::int64_t num_dense = num_dense_layers(model);
  const std::int64_t products = model.num_layers * projections + num_dense * dense +
                                (model.num_layers - num_dense) * moe + vocabulary * model.hidden;
  return 2.0 * (static_cast<double>(products) + static_cast<double>(queries) * terms);
}

}  // namespace switchyard
