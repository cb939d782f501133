// Predicts the part of a training step that is neither routing nor experts.
#pragma once

#include "launch/bench/figures/routing_case.h"
#include "launch/bench/predict/cluster_model.h"

namespace switchyard::bench {

// Returns the seconds of one rank for attention and head, forward and backward; for the sum of
// dense gradients over all ranks, as a ring; and for the update, which reads and writes weights,
// gradients and both moments. group: ranks that share the experts.
double rest_of_step(const RoutingCase& what, const RoutingSweep& sweep, const ClusterModel& cluster,
                    int group);

}  // namespace switchyard::bench
