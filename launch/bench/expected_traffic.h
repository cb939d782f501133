// The average traffic of a case of the routing benchmark on a cluster.
#pragma once

#include <string>
#include <vector>

#include "launch/bench/cluster_model.h"
#include "launch/bench/routing_case.h"

namespace switchyard::bench {

// Expected tokens and rows of a case, with all ranks in one expert group.
struct ExpectedTraffic {
  std::vector<double> tokens;  // [ranks] at home
  std::vector<double> share;   // [ranks] choices of a token that are experts of the rank
  std::vector<double> node_tokens, node_share;  // [nodes] sums of these
  std::vector<double> node_visits;              // [nodes] share of the tokens that visit the node
  double all_tokens = 0.0, all_node_visits = 0.0;
  int top_k = 0;
};

ExpectedTraffic expected_traffic(const RoutingCase& what, const RoutingSweep& sweep,
                                 const ClusterModel& cluster);

// Fills in the bytes and the load of `result`, as count_traffic does for a plan. exchange: the name
// of the exchange that moves the rows.
void count_expected_bytes(const ExpectedTraffic& traffic, const ClusterModel& cluster,
                          const std::string& exchange, RoutingResult& result);

}  // namespace switchyard::bench
