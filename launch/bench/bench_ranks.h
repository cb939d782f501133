// BenchRanks: the ranks of a routing benchmark, in one expert group or several side by side.
#pragma once

#include <memory>
#include <vector>

#include "launch/bench/figures/routing_case.h"
#include "runtime/comm/topology.h"

namespace switchyard::bench {

struct BenchRanks {
  Comm& world;
  std::unique_ptr<Comm> experts;  // this rank's group: consecutive ranks, from `first` on
  int first = 0;
  Topology topology;         // of the group
  std::vector<int> node_of;  // [world]
  int num_nodes = 1;
};

// Errors: Exit::usage for groups that do not divide the ranks, or that neither divide the pretended
// nodes nor consist of them.
void check_groups(const RoutingSweep& sweep, int num_ranks);

// Collective. Requires what check_groups checks.
BenchRanks make_bench_ranks(Comm& world, const RoutingSweep& sweep);

}  // namespace switchyard::bench
