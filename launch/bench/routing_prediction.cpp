#include "launch/bench/routing_prediction.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "router/expected_load.h"
#include "router/payload.h"
#include "runtime/counts.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr double giga = 1e9, micro = 1e-6;

// Expected tokens and rows; doubles, because they are means.
struct Traffic {
  std::vector<double> tokens;  // [ranks] at home
  std::vector<double> share;   // [ranks] choices of a token that are the rank's experts
  std::vector<double> node_tokens, node_share;  // [nodes] sums of these
  std::vector<double> node_visits;              // [nodes] part of the tokens that visit the node
  double all_tokens = 0.0, all_node_visits = 0.0;
  int top_k = 0;
};

Traffic traffic_of(const RoutingCase& what, const RoutingSweep& sweep,
                   const ClusterModel& cluster) {
  const int num_ranks = cluster.num_ranks();
  const WorkloadShape shape{.tokens = what.tokens,
                            .top_k = what.top_k,
                            .num_experts = what.experts,
                            .num_ranks = num_ranks,
                            .ranks_per_node = cluster.ranks_per_node,
                            .seed = static_cast<std::uint64_t>(sweep.seed)};
  const Workload workload(what.workload, shape);
  const ExpectedLoad load(workload, shape);
  const Placement placement(what.experts, num_ranks);
  Traffic traffic;
  traffic.top_k = what.top_k;
  traffic.node_tokens.assign(at(cluster.nodes), 0.0);
  traffic.node_share.assign(at(cluster.nodes), 0.0);
  for (int rank = 0; rank < num_ranks; ++rank) {
    const auto tokens = static_cast<double>(workload.tokens(rank));
    double share = 0.0;
    for (const int expert : placement.hosted(rank)) share += load.visits(expert);
    traffic.tokens.push_back(tokens);
    traffic.share.push_back(share);
    traffic.all_tokens += tokens;
    traffic.node_tokens[at(cluster.node_of(rank))] += tokens;
    traffic.node_share[at(cluster.node_of(rank))] += share;
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

// Rows that one rank sends or receives, in one direction of an exchange.
struct RankRows {
  double packed = 0.0, unpacked = 0.0;  // by the rank itself
  double within = 0.0;                  // to or from its node, the larger
  double across = 0.0;                  // to or from other nodes, of the whole node, the larger
  double relayed = 0.0;                 // handed on within the node before or after crossing
  double messages_within = 0.0, messages_across = 0.0;
};

// out: at home; in: at the experts. Of the dispatch; a combine is the mirror.
RankRows rows_of(const Traffic& t, const ClusterModel& cluster, const std::string& exchange,
                 int rank, bool combine) {
  const std::size_t node = at(cluster.node_of(rank));
  const double share = t.share[at(rank)], tokens = t.tokens[at(rank)];
  const double out_within = tokens * (t.node_share[node] - share);
  const double in_within = share * (t.node_tokens[node] - tokens);
  const bool by_node = exchange == "hierarchical";
  const bool once = by_node && !combine;  // a token crosses to a node once
  const double out_across = t.node_tokens[node] * (once ? t.all_node_visits - t.node_visits[node]
                                                        : t.top_k - t.node_share[node]);
  const double in_across =
      (t.all_tokens - t.node_tokens[node]) * (once ? t.node_visits[node] : t.node_share[node]);
  RankRows rows;
  const double slots = tokens * t.top_k, received = share * t.all_tokens;
  rows.packed = combine ? received : slots;
  rows.unpacked = combine ? slots : received;
  rows.within = std::max(out_within, in_within);
  rows.across = std::max(out_across, in_across);
  rows.messages_within = cluster.ranks_per_node - 1;
  rows.messages_across = by_node ? cluster.nodes - 1 : cluster.num_ranks() - cluster.ranks_per_node;
  if (by_node) {  // rows from other nodes go through the relays, which share them evenly
    rows.relayed =
        t.node_share[node] * (t.all_tokens - t.node_tokens[node]) / cluster.ranks_per_node;
  }
  return rows;
}

struct LegTime {
  double travel = 0.0, packing = 0.0;
  double total() const { return travel + packing; }
};

LegTime leg_time(const RankRows& rows, const ClusterModel& cluster, const RoutingCase& what,
                 const std::string& exchange, bool combine) {
  const auto bytes = static_cast<double>(payload_row_bytes(payload_of(what.payload), what.hidden));
  const double node_rate = giga * cluster.node_gb_per_s, link_rate = giga * cluster.link_gb_per_s,
               memory_rate = giga * cluster.memory_gb_per_s;
  const bool shares_memory = exchange == "shared_memory";
  LegTime time;
  const double within = bytes * (rows.within + rows.relayed) / node_rate;
  const double across = bytes * rows.across / link_rate;
  time.travel = micro * cluster.link_latency_us * rows.messages_across + across;
  if (shares_memory) {  // a fence; the copy out of the window is the unpacking
    time.travel += micro * cluster.node_latency_us;
  } else {
    time.travel =
        std::max(time.travel, within) + micro * cluster.node_latency_us * rows.messages_within;
  }
  const bool arrives_in_place = combine && what.payload == "f32" && !shares_memory;
  const double packed = shares_memory && !combine ? rows.packed / what.top_k : rows.packed;
  time.packing = bytes * (packed + (arrives_in_place ? 0.0 : rows.unpacked)) / memory_rate;
  return time;
}

// One rank's seconds of an iteration.
struct RankTime {
  double total = 0.0, travel = 0.0;
};

RankTime rank_time(const Traffic& traffic, const ClusterModel& cluster, const RoutingCase& what,
                   const RoutingSweep& sweep, const std::string& exchange, int rank) {
  const LegTime out =
      leg_time(rows_of(traffic, cluster, exchange, rank, false), cluster, what, exchange, false);
  const LegTime home =
      leg_time(rows_of(traffic, cluster, exchange, rank, true), cluster, what, exchange, true);
  if (what.mode == "dispatch") return {out.total(), out.travel};
  if (what.mode == "combine") return {home.total(), home.travel};
  const double trip = out.total() + home.total(), travel = out.travel + home.travel;
  if (what.mode == "round_trip") return {trip, travel};
  const auto hidden = static_cast<double>(what.hidden);
  const double rows = traffic.share[at(rank)] * traffic.all_tokens;
  const double experts = 2.0 * 3.0 * hidden * static_cast<double>(sweep.expert_hidden) * rows /
                         (giga * cluster.gflop_per_s);
  const double gate =
      2.0 * hidden * what.experts * traffic.tokens[at(rank)] / (giga * cluster.gflop_per_s);
  // Forward, and backward with two products for each of its own.
  if (exchange != "pipelined") return {2.0 * trip + 3.0 * (experts + gate), 2.0 * travel};
  double total = 3.0 * gate;
  for (const double compute : {experts, 2.0 * experts}) {
    const int chunks = std::max(
        1, std::min(sweep.chunks, (what.experts + cluster.num_ranks() - 1) / cluster.num_ranks()));
    total +=
        out.packing + home.packing + std::max(travel, compute) + std::min(travel, compute) / chunks;
  }
  return {total, 2.0 * travel};
}

void take_rank_times(const std::vector<RankTime>& times, RoutingResult& result) {
  std::vector<double> totals;
  for (const RankTime& time : times) totals.push_back(time.total);
  const auto slowest = std::max_element(totals.begin(), totals.end());
  result.slowest = static_cast<int>(slowest - totals.begin());
  result.most = *slowest;
  result.travel = times[at(result.slowest)].travel;
  std::sort(totals.begin(), totals.end());
  result.least = totals.front();
  result.middle = totals[totals.size() / 2];
}

void count_bytes(const Traffic& traffic, const ClusterModel& cluster, const RoutingCase& what,
                 const std::string& exchange, RoutingResult& result) {
  const double row = static_cast<double>(payload_row_bytes(payload_of(what.payload), what.hidden));
  const int dispatches = what.mode == "combine" ? 0 : what.mode == "layer" ? 2 : 1;
  const int combines = what.mode == "dispatch" ? 0 : what.mode == "layer" ? 2 : 1;
  double out = 0.0, home = 0.0, busiest = 0.0;
  for (int node = 0; node < cluster.nodes; ++node) {
    const double tokens = traffic.node_tokens[at(node)];
    const double rows = tokens * (traffic.top_k - traffic.node_share[at(node)]);
    const double once = tokens * (traffic.all_node_visits - traffic.node_visits[at(node)]);
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

RoutingResult predicted_for(const Traffic& traffic, const ClusterModel& cluster,
                            const RoutingCase& what, const RoutingSweep& sweep,
                            const std::string& exchange) {
  RoutingResult result;
  result.what = what;
  result.ranks = cluster.num_ranks();
  result.nodes = cluster.nodes;
  std::vector<RankTime> times;
  double raw = 0.0, copied = 0.0;
  for (int rank = 0; rank < cluster.num_ranks(); ++rank) {
    times.push_back(rank_time(traffic, cluster, what, sweep, exchange, rank));
    raw = std::max(raw, rank_time(traffic, cluster, what, sweep, "flat", rank).travel);
    const RankRows rows = rows_of(traffic, cluster, "flat", rank, false);
    copied = std::max(copied, rows.packed + rows.unpacked);
  }
  take_rank_times(times, result);
  count_bytes(traffic, cluster, what, exchange, result);
  result.raw = raw;
  const double legs = what.mode == "layer" ? 2.0 : what.mode == "round_trip" ? 1.0 : 0.5;
  result.copy = legs * copied *
                static_cast<double>(payload_row_bytes(payload_of(what.payload), what.hidden)) /
                (giga * cluster.memory_gb_per_s);
  return result;
}

}  // namespace

RoutingResult predict_routing(const RoutingCase& what, const RoutingSweep& sweep,
                              const ClusterModel& cluster) {
  require(what.mode != "step", Exit::usage,
          "--model predicts the modes dispatch, combine, round_trip and layer, not step");
  const Traffic traffic = traffic_of(what, sweep, cluster);
  if (what.exchange != "auto") return predicted_for(traffic, cluster, what, sweep, what.exchange);
  std::optional<RoutingResult> best;
  for (const char* exchange : {"flat", "shared_memory", "hierarchical"}) {
    RoutingResult result = predicted_for(traffic, cluster, what, sweep, exchange);
    if (!best || result.most < best->most) best = std::move(result);
  }
  return *best;
}

}  // namespace switchyard
