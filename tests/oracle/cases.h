// The models that the oracle compares, each small and unlike the others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"
#include "router/config.h"
#include "runtime/error.h"

namespace switchyard {

// Rows are longer than a tile of attention. The seeds leave no near-tie between experts: oracle.py
// checks it.
struct Case {
  std::string name;
  ModelConfig model;
  RouterConfig router;
  bool exact = true;
  float guide_share = 0.0F;  // 0: no guides
  double mtp_weight = 0.3;
  std::uint64_t seed = 1;
  std::int64_t num_micro_batches = 3, num_sequences = 2, sequence_length = 80, vocabulary = 53;
};

// Epsilon and the rotary base are such that a wrong one is seen.
inline ModelConfig oracle_model() {
  return {.hidden = 32,
          .num_layers = 3,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_dim = 16,
          .rope_base = 100.0F,
          .norm_epsilon = 1e-3F,
          .dense_layers = {},
          .ffn_hidden = 48,
          .num_experts = 5,
          .expert_hidden = 40,
          .init_std = 0.15};
}

// No experts, and more rows than one chunk of logits.
inline Case dense_case() {
  Case dense{.name = "dense",
             .model = oracle_model(),
             .router = {},
             .num_micro_batches = 2,
             .num_sequences = 13};
  dense.model.dense_layers = {0, 1, 2};
  dense.model.qk_norm = QkNorm::none;
  dense.model.tie_embeddings = false;
  return dense;
}

inline Case moe_case() {
  Case moe{.name = "moe",
           .model = oracle_model(),
           .router = {
               .gate = GateKind::softmax_topk, .top_k = 2, .balance_loss = 0.05F, .z_loss = 0.02F}};
  moe.seed = 3;
  moe.model.dense_layers = {0};
  moe.model.shared_expert_hidden = 24;
  return moe;
}

inline Case topk_softmax_case() {
  Case topk{
      .name = "topk_softmax",
      .model = oracle_model(),
      .router = {
          .gate = GateKind::topk_softmax, .top_k = 3, .balance_loss = 0.03F, .z_loss = 0.01F}};
  topk.seed = 12;
  topk.model.num_heads = 6;
  topk.model.head_dim = 8;
  topk.model.num_experts = 7;
  topk.model.tie_embeddings = false;
  return topk;
}

// DeepSeek-V3's gate: sigmoids, a bias on the choice, two of three groups, a scale, and its
// sequence-wise balance loss.
inline Case sigmoid_case() {
  Case sigmoid{.name = "sigmoid",
               .model = oracle_model(),
               .router = {.gate = GateKind::sigmoid,
                          .top_k = 4,
                          .scale = 2.5F,
                          .groups = 3,
                          .groups_per_token = 2,
                          .balance_loss = 0.05F,
                          .balance_over = BalanceOver::sequence,
                          .z_loss = 0.02F}};
  sigmoid.seed = 2;
  sigmoid.model.num_experts = 9;
  sigmoid.model.num_layers = 2;
  sigmoid.model.dense_layers = {0};
  sigmoid.num_micro_batches = 2;
  return sigmoid;
}

// Qwen2-MoE, without its biases.
inline Case shared_gate_case() {
  Case gated = moe_case();
  gated.name = "shared_gate";
  gated.model.shared_expert_gate = true;
  gated.model.qk_norm = QkNorm::none;
  return gated;
}

// Norms after attention and after FFN or experts.
inline Case norm_after_case() {
  Case after = moe_case();
  after.name = "norm_after";
  after.model.norm_placement = NormPlacement::after;
  after.model.shared_expert_gate = true;
  return after;
}

// OLMo 2.
inline Case no_experts_case() {
  Case none{.name = "no_experts", .model = oracle_model(), .router = {}, .num_micro_batches = 2};
  none.model.num_experts = 0;
  none.model.qk_norm = QkNorm::projection;
  none.model.norm_placement = NormPlacement::after;
  return none;
}

// Every part of attention: norms over the projection, biases, a window in every other layer, and
// yarn with its formula for the size of queries and keys and a ramp between fractions.
inline Case attention_case() {
  Case attention{.name = "attention", .model = oracle_model(), .router = moe_case().router};
  attention.seed = 4;
  attention.model.qk_norm = QkNorm::projection;
  attention.model.qkv_bias = attention.model.o_bias = true;
  attention.model.window = 9;
  attention.model.window_layers = {0, 2};
  attention.model.rope = {.type = RopeType::yarn,
                          .factor = 4.0,
                          .original_length = 20,
                          .beta_fast = 2.5,
                          .beta_slow = 0.3,
                          .truncate = false};
  attention.model.shared_expert_hidden = 24;
  return attention;
}

// As transformers has them (tests/long/attention_parts.py): Qwen3 with a window in every layer and
// the frequencies of Llama 3, Qwen2 with a window in its last layers, and OLMoE with biases and
// yarn.
inline Case qwen3_case() {
  Case qwen3{.name = "qwen3", .model = oracle_model(), .router = {}};
  qwen3.model.dense_layers = {0, 1, 2};
  qwen3.model.window = 33;
  qwen3.model.rope = {.type = RopeType::llama3,
                      .factor = 8.0,
                      .low_frequency_factor = 0.5,
                      .high_frequency_factor = 3.0,
                      .original_length = 24};
  return qwen3;
}

inline Case qwen2_case() {
  Case qwen2 = dense_case();
  qwen2.name = "qwen2";
  qwen2.model.qkv_bias = true;
  qwen2.model.window = 9;
  qwen2.model.window_layers = {1, 2};
  return qwen2;
}

inline Case olmoe_case() {
  Case olmoe{.name = "olmoe",
             .model = oracle_model(),
             .router = {.top_k = 2, .balance_loss = 0.0F, .z_loss = 0.0F}};
  olmoe.seed = 6;
  olmoe.model.head_dim = 8;
  olmoe.model.qk_norm = QkNorm::projection;
  olmoe.model.qkv_bias = olmoe.model.o_bias = true;
  olmoe.model.rope = {.type = RopeType::yarn,
                      .factor = 4.0,
                      .original_length = 40,
                      .beta_fast = 4.0,
                      .beta_slow = 0.5};
  olmoe.model.tie_embeddings = false;
  return olmoe;
}

// Adapters beside every matrix that may have one; all else trains too, so that it has gradients.
inline Case adapter_case() {
  Case adapter = moe_case();
  adapter.name = "adapter";
  adapter.model.qkv_bias = true;
  adapter.model.adapter = {.rank = 3,
                           .alpha = 5.0,
                           .targets = {"attention", "ffn", "experts", "shared", "router"},
                           .train = {"*"}};
  return adapter;
}

inline Case low_rank_case() {
  Case low_rank = moe_case();
  low_rank.name = "low_rank";
  low_rank.model.low_rank = {.rank = 7, .layers = {0, 2}};
  return low_rank;
}

inline Case guided_case() {
  Case guided = low_rank_case();
  guided.name = "guided";
  guided.model.low_rank.layers = {};
  guided.guide_share = 0.625F;
  return guided;
}

// Masks of everything that they can mask.
inline Case dropout_case() {
  Case dropped = moe_case();
  dropped.name = "dropout";
  dropped.seed = 8;
  dropped.model.dropout = {.weights = 0.3, .ffn = 0.2, .residual = 0.1, .embedding = 0.25};
  return dropped;
}

// Two modules of multi-token prediction, with experts and with a head beside the embedding.
inline Case mtp_case() {
  Case mtp = moe_case();
  mtp.name = "mtp";
  mtp.seed = 5;
  mtp.model.num_layers = 2;
  mtp.model.mtp_depth = 2;
  mtp.model.tie_embeddings = false;
  mtp.mtp_weight = 0.7;
  return mtp;
}

// Three modules without experts, which share one table with all else.
inline Case mtp_dense_case() {
  Case mtp = mtp_case();
  mtp.name = "mtp_dense";
  mtp.seed = 7;
  mtp.model.dense_layers = {1};
  mtp.model.mtp_depth = 3;
  mtp.model.tie_embeddings = true;
  mtp.model.window = 9;
  mtp.model.window_layers = {1};
  return mtp;
}

inline Case case_named(const std::string& name) {
  Case fast = moe_case();
  fast.name = "moe_not_exact";
  fast.exact = false;
  for (const Case& known :
       {dense_case(), moe_case(), topk_softmax_case(), sigmoid_case(), attention_case(),
        qwen3_case(), qwen2_case(), olmoe_case(), shared_gate_case(), norm_after_case(),
        no_experts_case(), adapter_case(), low_rank_case(), guided_case(), dropout_case(),
        mtp_case(), mtp_dense_case(), fast}) {
    if (known.name == name) return known;
  }
  fail(Exit::usage, "no case is named \"{}\"", name);
}

}  // namespace switchyard
