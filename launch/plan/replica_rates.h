// The rates of the collectives among the replicas of parameters: sums of gradients and copies of
// values, once a step.
#pragma once

#include "launch/plan/run_shape.h"
#include "runtime/comm/mesh.h"

namespace switchyard::plan {

// Bytes per second and rank, of those that leave it (Traffic::gradients and values). 0: none leave.
struct ReplicaRates {
  double reduce = 0.0, gather = 0.0;
};

// Collective. Times the collectives of a step alone, after a barrier, on as many elements as the
// shape's parameters have, dense ones over the world and experts over their replicas; on at most
// `max_elements` of either, whose time then counts for the others. Takes 12 bytes an element.
// Requires: the shape is one of the mesh's ranks.
ReplicaRates measure_replica_rates(const RunShape& shape, std::int64_t max_elements, Mesh& mesh,
                                   Stream& stream);

}  // namespace switchyard::plan
