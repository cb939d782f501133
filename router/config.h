// How tokens are routed: one aggregate with defaults, filled from the [router] table of the config.
#pragma once

#include <string>

namespace switchyard {

struct RouterConfig {
  std::string gate = "softmax_topk";  // or "topk_softmax" (the order of the two)
  int top_k = 2;
  float balance_loss =
      0.01F;  // coefficient of the balance loss (Switch Transformer, arXiv:2101.03961); 0: off
  std::string exchange = "flat";  // or "shared_memory", "hierarchical", "pipelined", "auto"
  std::string payload = "f32";    // how rows travel: or "bf16", "int8"
  int exchange_chunks = 4;        // of the pipelined exchange
  int ranks_per_node = 0;         // as if nodes had so few ranks; 0: as they are
  float z_loss = 0.001F;  // coefficient of the router z-loss (ST-MoE, arXiv:2202.08906); 0: off
};

}  // namespace switchyard
