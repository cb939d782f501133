#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(ModelConfig& model) {
  return {{"model.vocabulary", &model.vocabulary, Range{0, 1LL << 31}, Resume::fixed,
           "rows of the embedding table; 0: as many as the tokenizer has ids"},
          {"model.hidden", &model.hidden, Range{1, 1 << 20}, Resume::fixed,
           "width of the residual stream"},
          {"model.num_layers", &model.num_layers, Range{1, 10000}, Resume::fixed,
           "number of transformer blocks"},
          {"model.num_heads", &model.num_heads, Range{1, 10000}, Resume::fixed,
           "number of query heads"},
          {"model.num_kv_heads", &model.num_kv_heads, Range{1, 10000}, Resume::fixed,
           "number of key/value heads; must divide num_heads"},
          {"model.head_dim", &model.head_dim, Range{2, 4096}, Resume::fixed,
           "elements per head; must be even"},
          {"model.qk_norm", &model.qk_norm, Anything{}, Resume::fixed,
           "apply RMSNorm to queries and keys"},
          {"model.rope_base", &model.rope_base, Range{1, 1e12}, Resume::fixed,
           "base of the rotary positions"},
          {"model.norm_epsilon", &model.norm_epsilon, Range{0, 1}, Resume::fixed,
           "epsilon of every RMSNorm"},
          {"model.norm_placement", &model.norm_placement, Anything{}, Resume::fixed,
           "normalize the input or the output of attention and FFN"},
          {"model.dense_layers", &model.dense_layers, Range{0, 9999}, Resume::fixed,
           "layers with one dense FFN instead of experts"},
          {"model.ffn_hidden", &model.ffn_hidden, Range{1, 1 << 24}, Resume::fixed,
           "inner width of dense layers"},
          {"model.num_experts", &model.num_experts, Range{0, 1 << 20}, Resume::fixed,
           "experts per MoE layer; 0: every layer is dense"},
          {"model.expert_hidden", &model.expert_hidden, Range{1, 1 << 24}, Resume::fixed,
           "inner width of each expert"},
          {"model.shared_expert_hidden", &model.shared_expert_hidden, Range{0, 1 << 24},
           Resume::fixed, "inner width of the expert that every token visits; 0: no such expert"},
          {"model.shared_expert_gate", &model.shared_expert_gate, Anything{}, Resume::fixed,
           "scale the shared expert's output by the sigmoid of a learned score of its token"},
          {"model.tie_embeddings", &model.tie_embeddings, Anything{}, Resume::fixed,
           "use one table for the input and the output"},
          {"model.init_std", &model.init_std, Range{0, 100}, Resume::fixed,
           "standard deviation of the initial weights; 0: sqrt(2 / (5 hidden))"}};
}

}  // namespace switchyard
