// Predicts what the routing benchmark would show on a cluster described by a few numbers.
#pragma once

#include "launch/bench/figures/routing_result.h"
#include "launch/bench/predict/cluster_model.h"

namespace switchyard::bench {

// The messages of a rank cost gaps and a latency (LogGP), and every byte a bandwidth; the ranks of
// a rail share it; packing, unpacking and the experts' arithmetic are added at their own rates.
// Loads are those that the workload expects. "auto" is the fastest of flat, shared_memory and
// hierarchical. Mode step routes evenly.
RoutingResult predict_routing(const RoutingCase& what, const RoutingSweep& sweep,
                              const ClusterModel& cluster);

// Errors: Exit::usage for bytes that 64 bits do not count, and for expert groups that neither
// divide the nodes nor consist of them.
void check_prediction(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep,
                      const ClusterModel& cluster);

}  // namespace switchyard::bench
