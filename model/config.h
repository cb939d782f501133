// The shape of the model: one aggregate with defaults, filled from the [model] table of the config.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/masks/dropout.h"
#include "runtime/names.h"

namespace switchyard {

// Over which elements of a token's queries, and of its keys, an RMSNorm goes: each head's (with one
// weight for all heads, arXiv:2302.05442), or the whole projection's (OLMoE, arXiv:2409.02060).
enum class QkNorm : std::uint8_t { none, head, projection };
template <>
inline constexpr std::array<std::string_view, 3> names_of<QkNorm> = {"false", "true", "projection"};

// How the frequencies of rotary positions are scaled for texts longer than those of pre-training.
enum class RopeType : std::uint8_t { none, llama3, yarn };
template <>
inline constexpr std::array<std::string_view, 3> names_of<RopeType> = {"none", "llama3", "yarn"};

// See model/attention/rotary.h.
struct RopeScaling {
  RopeType type = RopeType::none;
  double factor = 1.0;                 // by which low frequencies are divided
  double low_frequency_factor = 1.0;   // llama3
  double high_frequency_factor = 4.0;  // llama3
  std::int64_t original_length = 0;    // tokens of the texts before scaling
  double beta_fast = 32.0;             // yarn
  double beta_slow = 1.0;              // yarn
  double attention_factor = 0.0;       // yarn, on queries and keys; 0: 0.1 ln(factor) + 1
  bool truncate = true;                // yarn: the ramp between frequencies has whole ends
};

// Where a block normalizes a branch f of the residual stream: x + f(norm(x)), or x + norm(f(x)) as
// in OLMo 2 (arXiv:2501.00656).
enum class NormPlacement : std::uint8_t { before, after };
template <>
inline constexpr std::array<std::string_view, 2> names_of<NormPlacement> = {"before", "after"};

// Low-rank adapters beside frozen matrices (LoRA, arXiv:2106.09685); see LinearTerms.
struct AdapterConfig {
  std::int64_t rank = 0;                                               // 0: none
  double alpha = 16.0;                                                 // the scale is alpha / rank
  std::vector<std::string> targets{"*.attention.q", "*.attention.v"};  // by chooses_param
  std::vector<std::string> train{};  // what trains beside the adapters, by chooses_param
};

// Feed-forward networks, those of experts and shared experts included, whose matrices are products
// of two of this rank; see LinearTerms.
struct LowRankConfig {
  std::int64_t rank = 0;               // 0: none
  std::vector<std::int64_t> layers{};  // empty: all but the first
};

struct ModelConfig {
  std::int64_t vocabulary = 0;  // rows of the table of ids; 0: as many as the tokenizer has ids
  std::int64_t hidden = 256;
  int num_layers = 4;
  int num_heads = 4;
  int num_kv_heads = 2;
  std::int64_t head_dim = 64;
  QkNorm qk_norm = QkNorm::head;
  bool qkv_bias = false, o_bias = false;      // of the projections of attention
  std::int64_t window = 0;                    // tokens that a token sees, itself included; 0: all
  std::vector<std::int64_t> window_layers{};  // the layers with the window; empty: every layer
  float rope_base = 10000.0F;
  RopeScaling rope{};
  float norm_epsilon = 1e-6F;
  NormPlacement norm_placement = NormPlacement::before;
  std::vector<std::int64_t>
      dense_layers{};              // indices of the layers with one dense FFN instead of experts
  std::int64_t ffn_hidden = 1024;  // of dense layers
  int num_experts = 8;             // of a layer with experts; 0: every layer is dense
  std::int64_t expert_hidden = 512;
  std::int64_t shared_expert_hidden = 0;  // 0: no shared expert
  bool shared_expert_gate = false;        // scale the shared expert's output by sigmoid(x . w)
  bool tie_embeddings = true;
  int mtp_depth = 0;  // modules that predict further tokens; see MtpModules
  AdapterConfig adapter{};
  LowRankConfig low_rank{};
  DropoutConfig dropout{};
  double init_std =
      0.0;  // of all weights; 0: sqrt(2 / (5 hidden)) (Nguyen and Salazar, arXiv:1910.05895)
};

// Blocks are numbered through the layers and then the modules of multi-token prediction, whose
// blocks are of the last layer's kind.
inline int num_blocks(const ModelConfig& model) { return model.num_layers + model.mtp_depth; }
// "layer3", or "mtp0" of the first module.
inline std::string block_name(const ModelConfig& model, int block) {
  return block < model.num_layers ? "layer" + std::to_string(block)
                                  : "mtp" + std::to_string(block - model.num_layers);
}
inline std::int64_t layer_of_kind(const ModelConfig& model, std::int64_t block) {
  return std::min<std::int64_t>(block, model.num_layers - 1);
}

// Whether a block has one dense FFN instead of experts.
inline bool is_dense(const ModelConfig& model, std::int64_t block) {
  return model.num_experts == 0 ||
         std::find(model.dense_layers.begin(), model.dense_layers.end(),
                   layer_of_kind(model, block)) != model.dense_layers.end();
}
inline std::int64_t num_dense_layers(const ModelConfig& model) {
  return model.num_experts == 0 ? model.num_layers : std::ssize(model.dense_layers);
}
inline std::int64_t num_dense_blocks(const ModelConfig& model) {
  return num_dense_layers(model) + (is_dense(model, model.num_layers) ? model.mtp_depth : 0);
}
inline bool has_shared_gate(const ModelConfig& model) {
  return model.shared_expert_hidden > 0 && model.shared_expert_gate;
}
inline bool is_all_dense(const ModelConfig& model) {
  return num_dense_layers(model) == model.num_layers;
}

// The window of a block; 0: its tokens see all of their document's earlier ones.
inline std::int64_t window_of(const ModelConfig& config, int block) {
  const auto& layers = config.window_layers;
  const bool here = layers.empty() || std::find(layers.begin(), layers.end(),
                                                layer_of_kind(config, block)) != layers.end();
  return here ? config.window : 0;
}

inline double init_std_of(const ModelConfig& config) {
  return config.init_std > 0 ? config.init_std
                             : std::sqrt(2.0 / (5.0 * static_cast<double>(config.hidden)));
}

// The deviation for projections that write into the residual stream: smaller by sqrt(2 layers), as
// in GPT-2.
inline double residual_init_std(const ModelConfig& config) {
  return init_std_of(config) / std::sqrt(2.0 * config.num_layers);
}

}  // namespace switchyard
