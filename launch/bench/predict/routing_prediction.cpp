#include "launch/bench/predict/routing_prediction.h"

#include <algorithm>
#include <optional>

#include "launch/bench/figures/bench_model.h"
#include "launch/bench/predict/leg_prediction.h"
#include "launch/bench/predict/step_prediction.h"
#include "router/payload.h"
#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

// Seconds that one rank takes for an iteration.
struct RankTime {
  double total = 0.0, travel = 0.0, packing = 0.0;
};

RankTime sum_of(const LegTime& out, const LegTime& home) {
  return {out.total() + home.total(), out.travel + home.travel, out.packing + home.packing};
}

// Forward and backward; the latter has two products for each of the former. In a pipelined exchange
// the shorter of travel and experts shows in one chunk only.
RankTime layer_time(const RankTime& trip, double experts, double gate, int num_chunks) {
  RankTime time{3.0 * gate, 2.0 * trip.travel, 2.0 * trip.packing};
  for (const double compute : {experts, 2.0 * experts}) {
    time.total +=
        trip.packing + std::max(trip.travel, compute) + std::min(trip.travel, compute) / num_chunks;
  }
  return time;
}

// One expert group, which fills `part` of the cluster.
class GroupPrediction {
 public:
  GroupPrediction(const RoutingCase& what, const RoutingSweep& sweep, const ClusterModel& cluster)
      : what_(what),
        sweep_(sweep),
        cluster_(cluster),
        group_(what.mode == "step"      ? step_group(what, sweep, cluster.num_ranks())
               : sweep.expert_group > 0 ? sweep.expert_group
                                        : cluster.num_ranks()),
        part_(cluster.part_of(group_)),
        traffic_(expected_traffic(what, sweep, part_)) {}

  RoutingResult with(const std::string& exchange) const {
    const LegPrediction legs(traffic_, part_, what_, exchange);
    RoutingResult result;
    result.what = what_;
    result.exchange = exchange;
    result.ranks = cluster_.num_ranks();
    result.nodes = cluster_.nodes;
    result.group = group_;
    std::vector<RankTraffic> ranks;
    std::vector<int> node_of;
    for (int rank = 0; rank < result.ranks; ++rank) {
      ranks.push_back(legs.ranks()[to_index(rank % group_)]);
      node_of.push_back(cluster_.node_of(rank));
    }
    result.of_ranks = rank_sums_of(ranks, node_of, what_);
    RankTime slowest;
    for (int rank = 0; rank < result.ranks; ++rank) {
      const RankTime time = rank_time(legs, rank % group_, exchange);
      result.of_ranks[to_index(rank)].seconds = time.total;
      if (time.total > slowest.total) slowest = time;
    }
    result.iterations = {
        {slowest.total, 0.0, slowest.packing, slowest.travel, traffic_of(ranks, node_of, what_)}};
    if (what_.mode != "step") add_baselines(result);  // measured steps have none either
    return result;
  }

 private:
  RankTime rank_time(const LegPrediction& legs, int rank, const std::string& exchange) const {
    const LegTime none;
    if (what_.mode == "dispatch") return sum_of(legs.dispatch(rank), none);
    if (what_.mode == "combine") return sum_of(none, legs.combine(rank));
    const RankTime trip = sum_of(legs.dispatch(rank), legs.combine(rank));
    if (what_.mode == "round_trip") return trip;
    const RankTraffic& of = legs.ranks()[to_index(rank)];
    const double product = 2.0 * static_cast<double>(what_.hidden) / (giga * cluster_.gflop_per_s);
    const double experts = 3.0 * product * static_cast<double>(sweep_.expert_hidden) * of.received;
    const double gate = product * what_.experts * of.tokens;
    const int fullest = (what_.experts + group_ - 1) / group_;
    RankTime time = layer_time(trip, experts, gate,
                               exchange == "pipelined" ? std::min(sweep_.chunks, fullest) : 1);
    if (what_.mode == "layer") return time;
    const int num_layers = bench_model(what_, sweep_).num_layers;
    return {num_layers * time.total + rest_of_step(what_, sweep_, cluster_, group_),
            num_layers * time.travel, num_layers * time.packing};
  }

  void add_baselines(RoutingResult& result) const {
    const LegPrediction flat(traffic_, part_, what_, "flat");
    const Legs legs = legs_of(what_.mode);
    double raw = 0.0, copied = 0.0;
    for (int rank = 0; rank < group_; ++rank) {
      const RankTraffic& of = flat.ranks()[to_index(rank)];
      raw = std::max(raw, legs.dispatches * flat.dispatch(rank).travel +
                              legs.combines * flat.combine(rank).travel);
      copied = std::max(copied, legs.dispatches * of.received + legs.combines * of.slots);
    }
    result.raw = {raw};
    result.copy = {copied * static_cast<double>(payload_row_bytes(what_.payload, what_.hidden)) /
                   (giga * cluster_.memory_gb_per_s)};
  }

  const RoutingCase& what_;
  const RoutingSweep& sweep_;
  const ClusterModel& cluster_;
  int group_;
  ClusterModel part_;
  ExpectedTraffic traffic_;
};

}  // namespace

RoutingResult predict_routing(const RoutingCase& what, const RoutingSweep& sweep,
                              const ClusterModel& cluster) {
  const GroupPrediction group(what, sweep, cluster);
  if (what.exchange != "auto") return group.with(what.exchange);
  std::optional<RoutingResult> best;
  for (const char* exchange : {"flat", "shared_memory", "hierarchical"}) {
    RoutingResult result = group.with(exchange);
    if (!best || result.p(0.5) < best->p(0.5)) best = std::move(result);
  }
  return *best;
}

void check_prediction(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep,
                      const ClusterModel& cluster) {
  const int group = sweep.expert_group, on_node = cluster.ranks_per_node;
  require(group == 0 ||
              (cluster.num_ranks() % group == 0 && (group % on_node == 0 || on_node % group == 0)),
          Exit::usage,
          "--expert-group {} for {} ranks, {} on each node: choose a divisor of the ranks that is "
          "a multiple or a divisor of those on a node",
          group, cluster.num_ranks(), on_node);
  for (const RoutingCase& what : cases) {
    constexpr double most_bytes = 1e18;  // 64 bits count 8 legs and layers of this
    const double bytes = 4.0 * static_cast<double>(what.tokens) * what.top_k *
                         static_cast<double>(what.hidden) * cluster.num_ranks();
    require(bytes < most_bytes, Exit::usage,
            "{} on {} ranks moves {:.2g} bytes: choose fewer tokens, or a smaller hidden size or "
            "top-k",
            what.name(), cluster.num_ranks(), bytes);
  }
}

}  // namespace switchyard::bench
