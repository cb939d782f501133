// Finds the numbers of a ClusterModel with which it predicts what was measured.
#pragma once

#include <vector>

#include "launch/bench/predict/cluster_model.h"
#include "launch/bench/predict/routing_prediction.h"

namespace switchyard::bench {

struct TimedCase {
  RoutingCase what;
  double seconds = 0.0;
};

// Returns the model with the smallest distance between the logarithms of what it predicts and of
// what was measured, by Levenberg-Marquardt over the logarithms of its numbers; distances above a
// tenth count linearly (Huber), so that a case that was disturbed has little say. nodes,
// ranks_per_node, rails and gflop_per_s stay those of `start`, and so does what no case depends on.
// Deterministic. Requires cases with seconds > 0.
ClusterModel fit_cluster(const std::vector<TimedCase>& cases, const RoutingSweep& sweep,
                         const ClusterModel& start);

}  // namespace switchyard::bench
