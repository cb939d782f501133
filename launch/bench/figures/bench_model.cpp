#include "launch/bench/figures/bench_model.h"

#include <algorithm>

#include "runtime/comm/mesh.h"

namespace switchyard::bench {

ModelConfig bench_model(const RoutingCase& what, const RoutingSweep& sweep) {
  ModelConfig model;
  model.hidden = what.hidden;
  model.num_layers = 2;
  model.head_dim = 64;
  model.num_heads = model.num_kv_heads =
      static_cast<int>(std::max<std::int64_t>(1, what.hidden / 64));
  model.num_experts = what.experts;
  model.expert_hidden = sweep.expert_hidden;
  return model;
}

int step_group(const RoutingCase& what, const RoutingSweep& sweep, int num_ranks) {
  return sweep.expert_group > 0 ? sweep.expert_group : largest_divisor(num_ranks, what.experts);
}

}  // namespace switchyard::bench
