// The average traffic of a case of the routing benchmark on a cluster.
#pragma once

#include <string>
#include <vector>

#include "launch/bench/figures/routing_traffic.h"
#include "launch/bench/predict/cluster_model.h"

namespace switchyard::bench {

// Expected tokens and rows of a case, with all ranks of `cluster` in one expert group.
struct ExpectedTraffic {
  std::vector<double> tokens;  // [ranks] at home
  std::vector<double> share;   // [ranks] choices of a token that are experts of the rank
  std::vector<double> node_tokens, node_share;  // [nodes] sums of these
  std::vector<double> node_visits;              // [nodes] share of the tokens that visit the node
  std::vector<double> peer_tokens;  // [ranks per node] of the ranks at this place of every node
  double all_tokens = 0.0, all_node_visits = 0.0;
  int top_k = 0;
};

ExpectedTraffic expected_traffic(const RoutingCase& what, const RoutingSweep& sweep,
                                 const ClusterModel& cluster);

// Returns the rows of each rank, as TrafficCounter counts them. exchange: the name of the exchange
// that moves them.
std::vector<RankTraffic> expected_ranks(const ExpectedTraffic& traffic, const ClusterModel& cluster,
                                        const std::string& exchange);

}  // namespace switchyard::bench
