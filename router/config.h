// How tokens are routed: one aggregate with defaults, filled from the [router] table of the config.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace switchyard {

using NamedSets = std::map<std::string, std::vector<std::int64_t>>;

// docs/train.md says which gate wants which of these, and the papers they come from.
struct RouterConfig {
  std::string gate = "softmax_topk";  // or "topk_softmax" (the order of the two), "sigmoid",
                                      // "noisy_topk", "expert_choice", "hash"
  int top_k = 2;                      // experts per token; of expert_choice: on average
  float scale = 1.0F;                 // of every weight (DeepSeek-V3, arXiv:2412.19437)
  bool normalize = true;              // sigmoid: a token's weights add up to scale
  float bias_rate = 0.0F;     // sigmoid: step of the balancing bias (arXiv:2408.15664); 0: it rests
  float jitter = 0.0F;        // the gate reads x times 1 +- jitter in training (arXiv:2101.03961)
  int groups = 1;             // of experts, consecutive, as even as they divide
  NamedSets group_experts{};  // the groups by name, in place of consecutive ones; empty: those
  int groups_per_token = 1;
  float balance_loss =
      0.01F;  // coefficient of the balance loss (Switch Transformer, arXiv:2101.03961); 0: off
  std::string balance_over = "micro_batch";  // or "sequence", "global_batch": where experts balance
  std::string exchange = "flat";  // or "shared_memory", "hierarchical", "pipelined", "auto"
  std::string payload = "f32";    // how rows travel: or "bf16", "int8"
  int exchange_chunks = 4;        // of the pipelined exchange
  int ranks_per_node = 0;         // as if nodes had so few ranks; 0: as they are
  int extra_copies = 0;           // slots of an expert group, per layer, for more copies of experts
  float z_loss = 0.001F;  // coefficient of the router z-loss (ST-MoE, arXiv:2202.08906); 0: off
  double capacity_factor = 0.0;      // in training, of an even share of a micro-batch; 0: dropless
  std::string drop = "probability";  // or "position": which choices find an expert full
  bool allow_future_tokens = false;  // expert_choice lets a token's route depend on later ones
  std::string record = "";           // folder for the choices of this run; "": none
  std::string replay = "";           // folder of recorded choices to take; "": none
};

// Errors: Exit::usage, naming the keys that do not fit together.
void check_router(const RouterConfig& config, int num_experts);

}  // namespace switchyard
