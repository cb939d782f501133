// Predicts what the routing benchmark would show on a cluster described by a few numbers.
#pragma once

#include "launch/bench/cluster_model.h"
#include "launch/bench/routing_case.h"

namespace switchyard::bench {

// Every message costs a latency and every byte a bandwidth (Hockney 1994); the ranks of a node
// share its link; packing, unpacking and the experts' arithmetic are added at their own rates.
// Loads are those that the workload expects. "auto" is the fastest of flat, shared_memory and
// hierarchical. Mode step routes evenly.
RoutingResult predict_routing(const RoutingCase& what, const RoutingSweep& sweep,
                              const ClusterModel& cluster);

}  // namespace switchyard::bench
