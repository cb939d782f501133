#include "launch/bench/expected_traffic.h"

#include <algorithm>
#include <cmath>

#include "launch/bench/expected_load.h"
#include "router/payload.h"
#include "runtime/comm/counts.h"

namespace switchyard::bench {

ExpectedTraffic expected_traffic(const RoutingCase& what, const RoutingSweep& sweep,
                                 const ClusterModel& cluster) {
  const int num_ranks = cluster.num_ranks();
  const WorkloadShape shape{.tokens = what.tokens,
                            .top_k = what.top_k,
                            .num_experts = what.experts,
                            .num_ranks = num_ranks,
                            .ranks_per_node = cluster.ranks_per_node,
                            .seed = static_cast<std::uint64_t>(sweep.seed)};
  const Workload workload(what.mode == "step" ? "balanced" : what.workload, shape);
  const ExpectedLoad load(workload, shape);
  const Placement placement(what.experts, num_ranks);
  ExpectedTraffic traffic;
  traffic.top_k = what.top_k;
  traffic.node_tokens.assign(to_index(cluster.nodes), 0.0);
  traffic.node_share.assign(to_index(cluster.nodes), 0.0);
  for (int rank = 0; rank < num_ranks; ++rank) {
    const auto tokens = static_cast<double>(workload.tokens(rank));
    double share = 0.0;
    for (const int expert : placement.hosted(rank)) share += load.visits(expert);
    traffic.tokens.push_back(tokens);
    traffic.share.push_back(share);
    traffic.all_tokens += tokens;
    traffic.node_tokens[to_index(cluster.node_of(rank))] += tokens;
    traffic.node_share[to_index(cluster.node_of(rank))] += share;
  }
  for (int node = 0; node < cluster.nodes; ++node) {
    std::vector<int> experts;
    for (int i = 0; i < cluster.ranks_per_node; ++i) {
      const auto hosted = placement.hosted(node * cluster.ranks_per_node + i);
      experts.insert(experts.end(), hosted.begin(), hosted.end());
    }
    traffic.node_visits.push_back(load.visits_any(experts));
    traffic.all_node_visits += traffic.node_visits.back();
  }
  return traffic;
}

void count_expected_bytes(const ExpectedTraffic& traffic, const ClusterModel& cluster,
                          const std::string& exchange, RoutingResult& result) {
  const RoutingCase& what = result.what;
  const double row = static_cast<double>(payload_row_bytes(what.payload, what.hidden));
  const int both = what.mode == "step"    ? 4
                   : what.mode == "layer" ? 2
                                          : 1;  // two layers, forward and backward
  const int dispatches = what.mode == "combine" ? 0 : both;
  const int combines = what.mode == "dispatch" ? 0 : both;
  double out = 0.0, home = 0.0, busiest = 0.0;
  for (int node = 0; node < cluster.nodes; ++node) {
    const double tokens = traffic.node_tokens[to_index(node)];
    const double rows = tokens * (traffic.top_k - traffic.node_share[to_index(node)]);
    const double once = tokens * (traffic.all_node_visits - traffic.node_visits[to_index(node)]);
    home += rows;
    out += exchange == "hierarchical" ? once : rows;
  }
  double leaving = 0.0;
  for (std::size_t rank = 0; rank < traffic.tokens.size(); ++rank) {
    const double away = traffic.tokens[rank] * (traffic.top_k - traffic.share[rank]);
    const double back = traffic.share[rank] * (traffic.all_tokens - traffic.tokens[rank]);
    leaving += away;
    busiest = std::max(
        {busiest, dispatches * away + combines * back, dispatches * back + combines * away});
    result.load.push_back(std::llround(traffic.share[rank] * traffic.all_tokens));
  }
  if (cluster.nodes == 1) out = home = leaving;
  const double slots = traffic.all_tokens * traffic.top_k;
  result.logical_bytes =
      std::llround((dispatches + combines) * slots * 4.0 * static_cast<double>(what.hidden));
  result.wire_bytes = std::llround((dispatches * out + combines * home) * row);
  result.busiest_bytes = std::llround(busiest * row);
  result.tokens = std::llround(traffic.all_tokens);
}

}  // namespace switchyard::bench
