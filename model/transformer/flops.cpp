#include "model/transformer/flops.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "model/linear_terms.h"

namespace switchyard {
namespace {

// Elements of matrices that a row meets in a layer [out, in] beyond those of its dense matrix;
// guides are not counted, which last for some of the first steps alone.
std::int64_t elements_beyond(const ModelConfig& model, const std::string& name, std::int64_t out,
                             std::int64_t in) {
  const LinearTerms terms = terms_of_param(model, /*guided=*/false, name);
  return terms.rank * (out + in) - (terms.kind == LinearTerms::Kind::low_rank ? out * in : 0);
}

std::int64_t elements_beyond(const ModelConfig& model, int layer, int top_k) {
  const std::string name = fmt::format("layer{}.", layer);
  const std::int64_t d = model.hidden, queries = model.num_heads * model.head_dim,
                     keys = model.num_kv_heads * model.head_dim;
  const auto of_ffn = [&](const std::string& network, std::int64_t inner) {
    return elements_beyond(model, name + network + ".gate", inner, d) +
           elements_beyond(model, name + network + ".up", inner, d) +
           elements_beyond(model, name + network + ".down", d, inner);
  };
  const std::int64_t attention = elements_beyond(model, name + "attention.q", queries, d) +
                                 elements_beyond(model, name + "attention.k", keys, d) +
                                 elements_beyond(model, name + "attention.v", keys, d) +
                                 elements_beyond(model, name + "attention.o", d, queries);
  if (is_dense(model, layer)) return attention + of_ffn("ffn", model.ffn_hidden);
  const std::int64_t shared =
      model.shared_expert_hidden > 0 ? of_ffn("shared", model.shared_expert_hidden) : 0;
  return attention + top_k * of_ffn("expert0", model.expert_hidden) + shared +
         elements_beyond(model, name + "router", model.num_experts, d);
}

}  // namespace

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
  std::int64_t beyond = 0;
  for (int layer = 0; layer < model.num_layers; ++layer) {
    terms += attention_terms(model, layer, sequence);
    beyond += elements_beyond(model, layer, top_k);
  }
  const std::int64_t dense = 3 * model.hidden * model.ffn_hidden;
  const std::int64_t moe =
      3 * model.hidden * (top_k * model.expert_hidden + model.shared_expert_hidden) +
      model.hidden * (model.num_experts + (has_shared_gate(model) ? 1 : 0));
  const std::int64_t num_dense = num_dense_layers(model);
  const std::int64_t products = model.num_layers * projections + num_dense * dense +
                                (model.num_layers - num_dense) * moe + vocabulary * model.hidden +
                                beyond;
  return 2.0 * (static_cast<double>(products) + static_cast<double>(queries) * terms);
}

}  // namespace switchyard
