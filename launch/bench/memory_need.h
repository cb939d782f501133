// The memory that the cases of the routing benchmark need, checked before the system kills a
// process that takes too much.
#pragma once

#include <vector>

#include "launch/bench/bench_ranks.h"

namespace switchyard::bench {

// Returns the bytes that each rank of the world needs at least, by the loads its workload expects.
std::vector<double> bytes_of_ranks(const RoutingCase& what, const RoutingSweep& sweep,
                                   int num_ranks, int group, int ranks_per_node);

// Collective. Errors: Exit::usage, on every rank, for a case that needs more than a machine has
// left, with both numbers.
void require_memory(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep,
                    BenchRanks& ranks);

}  // namespace switchyard::bench
