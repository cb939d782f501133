#include "launch/bench/bench_ranks.h"

#include "runtime/error.h"

namespace switchyard::bench {

void check_groups(const RoutingSweep& sweep, int num_ranks) {
  const int size = sweep.expert_group, on_node = sweep.ranks_per_node;
  require(size == 0 || num_ranks % size == 0, Exit::usage,
          "--expert-group {} does not divide the {} ranks: choose a divisor", size, num_ranks);
  require(size == 0 || on_node == 0 || size % on_node == 0 || on_node % size == 0, Exit::usage,
          "--expert-group {} and --ranks-per-node {}: choose numbers of which one divides the "
          "other",
          size, on_node);
}

BenchRanks make_bench_ranks(Comm& world, const RoutingSweep& sweep) {
  const int size = sweep.expert_group > 0 ? sweep.expert_group : world.size();
  const int on_node = sweep.ranks_per_node;
  const Topology all = make_topology(world, on_node);
  auto experts = world.split(world.rank() / size, world.rank());
  Topology topology = make_topology(*experts, on_node);
  return {.world = world,
          .experts = std::move(experts),
          .first = world.rank() / size * size,
          .topology = std::move(topology),
          .node_of = all.node_of,
          .num_nodes = all.num_nodes()};
}

}  // namespace switchyard::bench
