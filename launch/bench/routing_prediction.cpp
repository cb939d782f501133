#include "launch/bench/routing_prediction.h"

#include <algorithm>
#include <optional>

#include "launch/bench/expected_traffic.h"
#include "launch/bench/layer_bench.h"
#include "launch/bench/step_prediction.h"
#include "router/payload.h"
#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

constexpr double giga = 1e9, micro = 1e-6;

// Rows that one rank sends or receives, in one direction of an exchange.
struct RankRows {
  double packed = 0.0, unpacked = 0.0;  // by the rank itself
  double own = 0.0;                     // the part of both that stays on the rank and is moved once
  double within = 0.0;                  // sent to or received from its node, whichever is larger
  double across = 0.0;                  // the same for the whole node and other nodes
  double relayed = 0.0;                 // passed on within the node before or after crossing
  double messages_within = 0.0, messages_across = 0.0;
};

// Rows of a dispatch, or of a combine, which mirrors it. out: as the rank sends its tokens; in: as
// its experts receive rows.
RankRows rows_of(const ExpectedTraffic& t, const ClusterModel& cluster, const std::string& exchange,
                 int rank, bool combine) {
  const std::size_t node = to_index(cluster.node_of(rank));
  const double share = t.share[to_index(rank)], tokens = t.tokens[to_index(rank)];
  const double out_within = tokens * (t.node_share[node] - share);
  const double in_within = share * (t.node_tokens[node] - tokens);
  const bool by_node = exchange == "hierarchical";
  const bool once = by_node && !combine;  // a token crosses once
  const double out_across = t.node_tokens[node] * (once ? t.all_node_visits - t.node_visits[node]
                                                        : t.top_k - t.node_share[node]);
  const double in_across =
      (t.all_tokens - t.node_tokens[node]) * (once ? t.node_visits[node] : t.node_share[node]);
  RankRows rows;
  const double slots = tokens * t.top_k, received = share * t.all_tokens;
  rows.packed = combine ? received : slots;
  rows.unpacked = combine ? slots : received;
  rows.own = tokens * share;
  rows.within = std::max(out_within, in_within);
  rows.across = std::max(out_across, in_across);
  rows.messages_within = cluster.ranks_per_node - 1;
  rows.messages_across = by_node ? cluster.nodes - 1 : cluster.num_ranks() - cluster.ranks_per_node;
  if (by_node) {  // rows from other nodes go through relays, which share them evenly
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
  const auto bytes = static_cast<double>(payload_row_bytes(what.payload, what.hidden));
  const double node_rate = giga * cluster.node_gb_per_s, link_rate = giga * cluster.link_gb_per_s,
               memory_rate = giga * cluster.memory_gb_per_s;
  // With a window that the node shares there is one fence, and the copy out of it is the unpacking.
  const bool shares_memory = exchange == "shared_memory";
  const double within = shares_memory ? 0.0 : bytes * (rows.within + rows.relayed) / node_rate;
  const double across = bytes * rows.across / link_rate;
  LegTime time;
  time.travel = micro * (cluster.link_latency_us * rows.messages_across +
                         cluster.node_latency_us * (shares_memory ? 1.0 : rows.messages_within)) +
                std::max(within, across);
  const bool in_place =
      combine && what.payload == Payload::f32;  // the rows already lie where they are needed
  double moved = rows.packed + rows.unpacked;
  if (shares_memory) {
    moved = rows.unpacked + (in_place ? 0.0 : combine ? rows.packed : rows.packed / what.top_k);
  } else if (exchange != "hierarchical") {
    moved = in_place ? rows.packed : moved - rows.own;
  }
  time.packing = bytes * moved / memory_rate;
  return time;
}

// Seconds that one rank takes for an iteration.
struct RankTime {
  double total = 0.0, travel = 0.0;
};

// Forward and backward; the latter has two products for each of the former. In a pipelined exchange
// the shorter of travel and experts shows in one chunk only.
RankTime layer_time(const LegTime& out, const LegTime& home, double experts, double gate,
                    int num_chunks) {
  const double travel = out.travel + home.travel, packing = out.packing + home.packing;
  RankTime time{3.0 * gate, 2.0 * travel};
  for (const double compute : {experts, 2.0 * experts}) {
    time.total += packing + std::max(travel, compute) + std::min(travel, compute) / num_chunks;
  }
  return time;
}

RankTime rank_time(const ExpectedTraffic& traffic, const ClusterModel& cluster,
                   const RoutingCase& what, const RoutingSweep& sweep, const std::string& exchange,
                   int rank) {
  const LegTime out =
      leg_time(rows_of(traffic, cluster, exchange, rank, false), cluster, what, exchange, false);
  const LegTime home =
      leg_time(rows_of(traffic, cluster, exchange, rank, true), cluster, what, exchange, true);
  if (what.mode == "dispatch") return {out.total(), out.travel};
  if (what.mode == "combine") return {home.total(), home.travel};
  if (what.mode == "round_trip") return {out.total() + home.total(), out.travel + home.travel};
  const double product = 2.0 * static_cast<double>(what.hidden) / (giga * cluster.gflop_per_s);
  const double experts = 3.0 * product * static_cast<double>(sweep.expert_hidden) *
                         traffic.share[to_index(rank)] * traffic.all_tokens;
  const double gate = product * what.experts * traffic.tokens[to_index(rank)];
  const int fullest = (what.experts + cluster.num_ranks() - 1) / cluster.num_ranks();
  const int num_chunks = exchange == "pipelined" ? std::min(sweep.chunks, fullest) : 1;
  RankTime time = layer_time(out, home, experts, gate, num_chunks);
  if (what.mode == "layer") return time;
  const int num_layers = bench_model(what, sweep).num_layers;
  time.travel *= num_layers;
  time.total = num_layers * time.total + rest_of_step(what, sweep, cluster);
  return time;
}

void take_rank_times(const std::vector<RankTime>& times, RoutingResult& result) {
  std::vector<double> totals;
  for (const RankTime& time : times) totals.push_back(time.total);
  const auto slowest = std::max_element(totals.begin(), totals.end());
  result.slowest = static_cast<int>(slowest - totals.begin());
  result.most = *slowest;
  result.travel = times[to_index(result.slowest)].travel;
  std::sort(totals.begin(), totals.end());
  result.least = totals.front();
  result.middle = totals[totals.size() / 2];
}

RoutingResult predicted_for(const ExpectedTraffic& traffic, const ClusterModel& cluster,
                            const RoutingCase& what, const RoutingSweep& sweep,
                            const std::string& exchange) {
  RoutingResult result;
  result.what = what;
  result.ranks = cluster.num_ranks();
  result.nodes = cluster.nodes;
  std::vector<RankTime> times;
  double copied = 0.0;
  for (int rank = 0; rank < cluster.num_ranks(); ++rank) {
    times.push_back(rank_time(traffic, cluster, what, sweep, exchange, rank));
    result.raw =
        std::max(result.raw, rank_time(traffic, cluster, what, sweep, "flat", rank).travel);
    const RankRows rows = rows_of(traffic, cluster, "flat", rank, false);
    copied = std::max(copied, rows.packed + rows.unpacked);
  }
  take_rank_times(times, result);
  count_expected_bytes(traffic, cluster, exchange, result);
  if (what.mode == "step") {  // measured steps have no baselines either
    result.raw = 0.0;
    return result;
  }
  const double legs = what.mode == "layer" ? 2.0 : what.mode == "round_trip" ? 1.0 : 0.5;
  result.copy = legs * copied * static_cast<double>(payload_row_bytes(what.payload, what.hidden)) /
                (giga * cluster.memory_gb_per_s);
  return result;
}

}  // namespace

RoutingResult predict_routing(const RoutingCase& what, const RoutingSweep& sweep,
                              const ClusterModel& cluster) {
  const ExpectedTraffic traffic = expected_traffic(what, sweep, cluster);
  if (what.exchange != "auto") return predicted_for(traffic, cluster, what, sweep, what.exchange);
  std::optional<RoutingResult> best;
  for (const char* exchange : {"flat", "shared_memory", "hierarchical"}) {
    RoutingResult result = predicted_for(traffic, cluster, what, sweep, exchange);
    if (!best || result.most < best->most) best = std::move(result);
  }
  return *best;
}

}  // namespace switchyard::bench
