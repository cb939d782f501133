// A small model of each family, for tests.
#pragma once

#include <vector>

#include "launch/config/config.h"
#include "launch/hugging_face/family.h"

namespace switchyard::hub::hub_test {

inline Config small() {
  Config config;
  config.model.hidden = 16;
  config.model.num_layers = 3;
  config.model.num_heads = 2;
  config.model.num_kv_heads = 1;
  config.model.head_dim = 8;
  config.model.ffn_hidden = 24;
  config.model.num_experts = 4;
  config.model.expert_hidden = 8;
  config.data.sequence_length = 16;
  config.train.micro_batch_size = 1;
  return config;
}

inline void add_experts(const FamilyTraits& traits, Config& config) {
  using Traits = FamilyTraits;
  if (traits.gates == Traits::Gates::topk_softmax) config.router.gate = GateKind::topk_softmax;
  if (traits.gates == Traits::Gates::sigmoid) config.router.gate = GateKind::sigmoid;
  if (traits.dense == Traits::Dense::any) config.model.dense_layers = {1};
  if (traits.dense == Traits::Dense::first) config.model.dense_layers = {0};
  if (traits.shared != Traits::Shared::none) config.model.shared_expert_hidden = 16;
  config.model.shared_expert_gate = traits.shared == Traits::Shared::gated;
}

// The family's model, without what it may have or not.
inline Config of(Family family) {
  using Traits = FamilyTraits;
  const Traits& traits = traits_of(family);
  Config config = small();
  ModelConfig& model = config.model;
  model.qk_norm = traits.qk_norm;
  model.norm_placement = traits.norm_placement;
  model.tie_embeddings = family != Family::dots1;
  if (traits.dense == Traits::Dense::all) {
    model.num_experts = 0;
    model.expert_hidden = ModelConfig{}.expert_hidden;
  } else {
    add_experts(traits, config);
  }
  if (traits.dense == Traits::Dense::none) model.ffn_hidden = ModelConfig{}.ffn_hidden;
  return config;
}

// The same with everything that the family may have.
inline Config full(Family family) {
  using Traits = FamilyTraits;
  const Traits& traits = traits_of(family);
  Config config = of(family);
  ModelConfig& model = config.model;
  model.qkv_bias = traits.biases != Traits::Biases::none;
  model.o_bias = traits.biases == Traits::Biases::all;
  if (traits.windows != Traits::Windows::none) model.window = 5;
  if (traits.windows == Traits::Windows::by_layer) model.window_layers = {0, 2};
  model.rope_base = 5e5F;
  model.rope = {.type = RopeType::llama3,
                .factor = 8.0,
                .low_frequency_factor = 1.0,
                .high_frequency_factor = 4.0,
                .original_length = 8192};
  return config;
}

inline std::vector<Family> families() {
  std::vector<Family> all;
  for (std::size_t i = 0; i < names_of<Family>.size(); ++i) all.push_back(static_cast<Family>(i));
  return all;
}

}  // namespace switchyard::hub::hub_test
