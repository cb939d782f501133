// What a training step of the routing benchmark's model does beside its routing and its experts.
#pragma once

#include "launch/bench/cluster_model.h"
#include "launch/bench/routing_case.h"

namespace switchyard::bench {

// Seconds of one rank: attention and head, forward and backward; the sum of dense gradients over
// all ranks, as a ring; and the update, which reads and writes weights, gradients and both moments.
double rest_of_step(const RoutingCase& what, const RoutingSweep& sweep,
                    const ClusterModel& cluster);

}  // namespace switchyard::bench
