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

inline Case case_named(const std::string& name) {
  Case fast = moe_case();
  fast.name = "moe_not_exact";
  fast.exact = false;
  for (const Case& known : {dense_case(), moe_case(), topk_softmax_case(), sigmoid_case(), fast}) {
    if (known.name == name) return known;
  }
  fail(Exit::usage, "no case is named \"{}\"", name);
}

}  // namespace switchyard
