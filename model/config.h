// The shape of the model: one aggregate with defaults, filled from the [model] table of the config.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace switchyard {

struct ModelConfig {
  std::int64_t hidden = 256;
  int num_layers = 4;
  int num_heads = 4;
  int num_kv_heads = 2;
  std::int64_t head_dim = 64;
  bool qk_norm = true;
  float rope_base = 10000.0F;
  float norm_epsilon = 1e-6F;
  std::vector<std::int64_t>
      dense_layers;                // indices of layers with one dense FFN instead of experts
  std::int64_t ffn_hidden = 1024;  // of dense layers
  int num_experts = 8;
  std::int64_t expert_hidden = 512;
  std::int64_t shared_expert_hidden = 0;  // 0: no shared expert
  bool tie_embeddings = true;
  double init_std =
      0.0;  // of all weights; 0: sqrt(2 / (5 hidden)) (Nguyen and Salazar, arXiv:1910.05895)
};

inline double init_std_of(const ModelConfig& config) {
  return config.init_std > 0 ? config.init_std
                             : std::sqrt(2.0 / (5.0 * static_cast<double>(config.hidden)));
}

// For the projections that write into the residual stream: smaller by sqrt(2 layers), as in GPT-2.
inline double residual_init_std(const ModelConfig& config) {
  return init_std_of(config) / std::sqrt(2.0 * config.num_layers);
}

}  // namespace switchyard
