// Which exchange a model of the cluster predicts to be fastest.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "launch/bench/predict/cluster_model.h"
#include "launch/bench/predict/routing_prediction.h"

namespace switchyard::bench {

struct ExchangePrediction {
  std::string exchange;                                 // the fastest; of equals the first
  std::vector<std::pair<std::string, double>> seconds;  // predicted, of each that was considered
};

// Those that can differ on a cluster: flat; shared_memory if nodes have several ranks and the rows
// lie in the host's memory; hierarchical if there are several such nodes.
std::vector<std::string> exchanges_on(const ClusterModel& cluster, bool on_host);

// The exchange of `what` with the least predicted seconds. exchanges: at least one.
ExchangePrediction fastest_exchange(const RoutingCase& what, const RoutingSweep& sweep,
                                    const ClusterModel& cluster,
                                    const std::vector<std::string>& exchanges);

}  // namespace switchyard::bench
