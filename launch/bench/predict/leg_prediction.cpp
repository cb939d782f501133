#include "launch/bench/predict/leg_prediction.h"

#include <algorithm>

#include "router/payload.h"
#include "runtime/comm/counts.h"

namespace switchyard::bench {

LegPrediction::LegPrediction(const ExpectedTraffic& traffic, const ClusterModel& cluster,
                             const RoutingCase& what, const std::string& exchange)
    : traffic_(traffic),
      cluster_(cluster),
      exchange_(exchange),
      in_place_(what.payload == Payload::f32),
      packing_factor_(cluster.packing_factor(exchange, what.payload)),
      row_bytes_(static_cast<double>(payload_row_bytes(what.payload, what.hidden))),
      hidden_(static_cast<double>(what.hidden)),
      packed_bytes_(0.5 * (4.0 * hidden_ + row_bytes_)),
      ranks_(expected_ranks(traffic, cluster, exchange)) {
  dispatch_of_rail_.resize(to_index(std::int64_t{cluster.nodes} * cluster.rails));
  combine_of_rail_.resize(dispatch_of_rail_.size());
  for (int rank = 0; rank < cluster.num_ranks(); ++rank) {
    const std::size_t rail =
        to_index(std::int64_t{cluster.node_of(rank)} * cluster.rails + cluster.rail_of(rank));
    const RankTraffic& of = ranks_[to_index(rank)];
    dispatch_of_rail_[rail].link_out += of.dispatch.link_out;
    dispatch_of_rail_[rail].link_in += of.dispatch.link_in;
    combine_of_rail_[rail].link_out += of.combine.link_out;
    combine_of_rail_[rail].link_in += of.combine.link_in;
  }
}

// A rank posts its messages one after the other; the last of them takes its latency (LogGP).
double LegPrediction::latency() const {
  const int nodes = cluster_.nodes, neighbours = cluster_.ranks_per_node - 1,
            others = cluster_.num_ranks() - cluster_.ranks_per_node;
  const auto posted = [&](double latency, int messages) {
    return messages > 0 ? latency + cluster_.message_gap_us * (messages - 1) : 0.0;
  };
  if (exchange_ == "shared_memory") {  // a fence, then messages to other nodes
    const double fence = cluster_.fence_us > 0.0 ? cluster_.fence_us : cluster_.node_latency_us;
    return micro * ((neighbours > 0 ? fence : 0.0) + posted(cluster_.link_latency_us, others));
  }
  if (exchange_ == "hierarchical") {
    return micro * (posted(cluster_.link_latency_us, nodes - 1) +
                    posted(cluster_.node_latency_us, neighbours));
  }
  const double longest = nodes == 1 ? cluster_.node_latency_us
                         : neighbours == 0
                             ? cluster_.link_latency_us
                             : std::max(cluster_.node_latency_us, cluster_.link_latency_us);
  return micro * posted(longest, neighbours + others);
}

// Rows that the rank packs, orders and unpacks.
double LegPrediction::moved_rows(int rank, bool combine) const {
  const RankTraffic& of = ranks_[to_index(rank)];
  const std::size_t node = to_index(cluster_.node_of(rank));
  const double peers = traffic_.peer_tokens[to_index(rank % cluster_.ranks_per_node)];
  if (exchange_ == "hierarchical") {
    const double relayed = peers * traffic_.node_share[node];
    return relayed + of.received + (combine ? of.slots : of.tokens * traffic_.all_node_visits);
  }
  if (exchange_ == "shared_memory")  // the copy out of the window is the unpacking
    return combine ? of.slots + (in_place_ ? 0.0 : of.received) : of.tokens + of.received;
  if (combine && in_place_) return of.received;
  return of.slots + of.received - of.tokens * traffic_.share[to_index(rank)];  // own rows move once
}

// Rows that the hierarchical exchange sends to the rank itself.
double LegPrediction::copied_rows(int rank, bool combine) const {
  if (exchange_ != "hierarchical") return 0.0;
  const std::size_t node = to_index(cluster_.node_of(rank));
  const double peers = traffic_.peer_tokens[to_index(rank % cluster_.ranks_per_node)];
  return peers * traffic_.share[to_index(rank)] +
         traffic_.tokens[to_index(rank)] *
             (combine ? traffic_.node_share[node] : traffic_.node_visits[node]);
}

LegTime LegPrediction::leg(int rank, bool combine) const {
  const RankTraffic& of = ranks_[to_index(rank)];
  const LegRows& mine = combine ? of.combine : of.dispatch;
  const LegRows& rail = (combine ? combine_of_rail_ : dispatch_of_rail_)[to_index(
      std::int64_t{cluster_.node_of(rank)} * cluster_.rails + cluster_.rail_of(rank))];
  const double packed = packed_bytes_ * moved_rows(rank, combine);
  const double held = cluster_.held_by_caches(4.0 * hidden_ * (of.slots + of.received));
  const double of_byte = 1.0 / (giga * cluster_.memory_gb_per_s),  // seconds
      of_cached = cluster_.packing_cached * of_byte;
  const double within =
      row_bytes_ * std::max(mine.node_out, mine.node_in) *
      (1.0 / (giga * cluster_.node_gb_per_s) + (1.0 - held) * (of_byte - of_cached));
  const double across = row_bytes_ * std::max(rail.link_out, rail.link_in) /
                        (giga * cluster_.link_gb_per_s / cluster_.rails);
  LegTime time;
  time.travel = latency() + row_bytes_ * copied_rows(rank, combine) * of_byte;
  if (exchange_ == "hierarchical") {
    time.travel += within + across;  // one after the other
  } else {
    time.travel += exchange_ == "shared_memory" ? across : std::max(within, across);
  }
  time.packing = packing_factor_ * packed * (held * of_cached + (1.0 - held) * of_byte);
  return time;
}

}  // namespace switchyard::bench
