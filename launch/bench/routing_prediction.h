// What the routing benchmark would show on a cluster that is described by a few numbers.
#pragma once

#include "launch/bench/cluster_model.h"
#include "launch/bench/routing_case.h"

namespace switchyard::bench {

// A latency for every message and a bandwidth for every byte (Hockney 1994), the ranks of a node
// sharing its link, and packing, unpacking and the experts' arithmetic at their rates beside it.
// Loads are the workload's expected ones. "auto" is the fastest of flat, shared_memory and
// hierarchical. Mode step routes evenly.
RoutingResult predict_routing(const RoutingCase& what, const RoutingSweep& sweep,
                              const ClusterModel& cluster);

}  // namespace switchyard::bench
