#include "launch/bench/traffic_counter.h"

#include "runtime/comm/counts.h"

namespace switchyard::bench {
namespace {

// Rows for all ranks of a communicator but this one.
double for_others(const Counts& counts, const Comm& comm) {
  return static_cast<double>(total_of(counts) - counts[to_index(comm.rank())]);
}

}  // namespace

TrafficCounter::TrafficCounter(const std::string& exchange, const RoutingCase& what,
                               BenchRanks& ranks)
    : what_(what), ranks_(ranks) {
  if (exchange == "hierarchical") rails_ = make_rails(ranks.topology, *ranks.experts);
}

RankTraffic TrafficCounter::of_this_rank(const Plan& plan, Stream& stream) {
  RankTraffic mine{.tokens = static_cast<double>(plan.slot_of_choice.rows()),
                   .slots = static_cast<double>(plan.num_slots),
                   .received = static_cast<double>(plan.num_received),
                   .dispatch = {},
                   .combine = {}};
  if (rails_) {
    Arena arena(stream.device());
    const RelayPlan relay = make_relay_plan(ranks_.topology, *rails_, plan, arena, stream);
    const Comm &across = *rails_->across, &node = *ranks_.topology.node;
    mine.dispatch = {for_others(relay.relay_send, node), for_others(relay.relay_receive, node),
                     for_others(relay.cross_send, across), for_others(relay.cross_receive, across)};
    mine.combine = {mine.dispatch.node_in, mine.dispatch.node_out,
                    for_others(relay.return_send, across),
                    for_others(relay.return_receive, across)};
    return mine;
  }
  for (int rank = 0; rank < ranks_.experts->size(); ++rank) {
    if (rank == ranks_.experts->rank()) continue;
    const bool here = ranks_.topology.node_of[to_index(rank)] == ranks_.topology.my_node;
    (here ? mine.dispatch.node_out : mine.dispatch.link_out) +=
        static_cast<double>(plan.send[to_index(rank)]);
    (here ? mine.dispatch.node_in : mine.dispatch.link_in) +=
        static_cast<double>(plan.receive[to_index(rank)]);
  }
  mine.combine = mine.dispatch.mirrored();
  return mine;
}

void TrafficCounter::count(const Plan& plan, Stream& stream) {
  constexpr std::int64_t numbers = sizeof(RankTraffic) / sizeof(double);
  const RankTraffic mine = of_this_rank(plan, stream);
  std::vector<RankTraffic> all(to_index(ranks_.world.size()));
  Stream host = Stream::cpu(1);
  ranks_.world.all_gather(
      tensor_of(reinterpret_cast<const double*>(&mine), {numbers}),
      tensor_of(reinterpret_cast<const double*>(all.data()), {numbers * std::ssize(all)}), host);
  traffic_.push_back(traffic_of(all, ranks_.node_of, what_));
  const std::vector<RankSums> sums = rank_sums_of(all, ranks_.node_of, what_);
  if (sums_.empty()) {
    sums_ = sums;
  } else {
    for (std::size_t rank = 0; rank < sums.size(); ++rank) sums_[rank].add(sums[rank]);
  }
}

void TrafficCounter::give(RoutingResult& result) const {
  for (std::size_t i = 0; i < traffic_.size(); ++i) result.iterations[i].traffic = traffic_[i];
  for (std::size_t rank = 0; rank < sums_.size(); ++rank) {
    result.of_ranks[rank].add(sums_[rank]);
    result.of_ranks[rank].node = sums_[rank].node;
  }
}

}  // namespace switchyard::bench
