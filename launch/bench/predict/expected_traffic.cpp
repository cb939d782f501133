#include "launch/bench/predict/expected_traffic.h"

#include "launch/bench/predict/expected_load.h"
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
  const Workload workload(what.workload == "model" ? "balanced" : what.workload, shape);
  const ExpectedLoad load(workload, shape);
  const Placement placement(what.experts, num_ranks);
  ExpectedTraffic traffic;
  traffic.top_k = what.top_k;
  traffic.node_tokens.assign(to_index(cluster.nodes), 0.0);
  traffic.node_share.assign(to_index(cluster.nodes), 0.0);
  traffic.peer_tokens.assign(to_index(cluster.ranks_per_node), 0.0);
  for (int rank = 0; rank < num_ranks; ++rank) {
    const auto tokens = static_cast<double>(workload.tokens(rank));
    double share = 0.0;
    for (const int expert : placement.hosted(rank)) share += load.visits(expert);
    traffic.tokens.push_back(tokens);
    traffic.share.push_back(share);
    traffic.all_tokens += tokens;
    traffic.peer_tokens[to_index(rank % cluster.ranks_per_node)] += tokens;
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

std::vector<RankTraffic> expected_ranks(const ExpectedTraffic& t, const ClusterModel& cluster,
                                        const std::string& exchange) {
  std::vector<RankTraffic> ranks;
  for (int rank = 0; rank < cluster.num_ranks(); ++rank) {
    const std::size_t node = to_index(cluster.node_of(rank));
    const double tokens = t.tokens[to_index(rank)], share = t.share[to_index(rank)];
    RankTraffic of{.tokens = tokens,
                   .slots = tokens * t.top_k,
                   .received = share * t.all_tokens,
                   .dispatch = {},
                   .combine = {}};
    if (exchange == "hierarchical") {
      // A rank relays what its peers, those at its place of other nodes, and itself send its node.
      const double peers = t.peer_tokens[to_index(rank % cluster.ranks_per_node)];
      of.dispatch = {peers * (t.node_share[node] - share), share * (t.all_tokens - peers),
                     tokens * (t.all_node_visits - t.node_visits[node]),
                     t.node_visits[node] * (peers - tokens)};
      of.combine = of.dispatch.mirrored();
      of.combine.link_out = t.node_share[node] * (peers - tokens);
      of.combine.link_in = tokens * (t.top_k - t.node_share[node]);
    } else {
      of.dispatch = {tokens * (t.node_share[node] - share), share * (t.node_tokens[node] - tokens),
                     tokens * (t.top_k - t.node_share[node]),
                     share * (t.all_tokens - t.node_tokens[node])};
      of.combine = of.dispatch.mirrored();
    }
    ranks.push_back(of);
  }
  return ranks;
}

}  // namespace switchyard::bench
