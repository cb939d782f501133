#include "launch/bench/figures/routing_traffic.h"

#include <algorithm>
#include <cmath>

#include "router/payload.h"
#include "runtime/comm/counts.h"

namespace switchyard::bench {
namespace {

using RowsIn = double LegRows::*;
using Leg = LegRows RankTraffic::*;

// The busiest rank's rows of a leg over one kind of link.
double busiest(const std::vector<RankTraffic>& ranks, Leg leg, RowsIn out, RowsIn in) {
  double most = 0.0;
  for (const RankTraffic& rank : ranks) most = std::max({most, (rank.*leg).*out, (rank.*leg).*in});
  return most;
}

double busiest_node(const std::vector<RankTraffic>& ranks, const std::vector<int>& node_of,
                    Leg leg) {
  std::vector<double> out(ranks.size()), in(ranks.size());  // by node
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    out[to_index(node_of[rank])] += (ranks[rank].*leg).link_out;
    in[to_index(node_of[rank])] += (ranks[rank].*leg).link_in;
  }
  return std::max(*std::max_element(out.begin(), out.end()),
                  *std::max_element(in.begin(), in.end()));
}

double leaving(const std::vector<RankTraffic>& ranks, Leg leg, RowsIn out) {
  double rows = 0.0;
  for (const RankTraffic& rank : ranks) rows += (rank.*leg).*out;
  return rows;
}

}  // namespace

Traffic traffic_of(const std::vector<RankTraffic>& ranks, const std::vector<int>& node_of,
                   const RoutingCase& what) {
  const auto row = static_cast<double>(payload_row_bytes(what.payload, what.hidden));
  const Legs legs = legs_of(what.mode);
  const bool one_node = std::all_of(node_of.begin(), node_of.end(),
                                    [&](int node) { return node == node_of.front(); });
  double tokens = 0.0, slots = 0.0, most = 0.0;
  for (const RankTraffic& rank : ranks) {
    tokens += rank.tokens;
    slots += rank.slots;
    most = std::max(most, rank.received);
  }
  const auto bytes = [&](auto rows_of_leg) {
    return std::llround(row * (legs.dispatches * rows_of_leg(&RankTraffic::dispatch) +
                               legs.combines * rows_of_leg(&RankTraffic::combine)));
  };
  Traffic traffic;
  traffic.tokens = std::llround(tokens);
  traffic.max_rows = std::llround(most);
  traffic.logical_bytes = std::llround((legs.dispatches + legs.combines) * slots * 4.0 *
                                       static_cast<double>(what.hidden));
  traffic.wire_bytes = bytes([&](Leg leg) {
    return leaving(ranks, leg, one_node ? &LegRows::node_out : &LegRows::link_out);
  });
  traffic.node_bytes =
      bytes([&](Leg leg) { return busiest(ranks, leg, &LegRows::node_out, &LegRows::node_in); });
  traffic.link_bytes =
      bytes([&](Leg leg) { return busiest(ranks, leg, &LegRows::link_out, &LegRows::link_in); });
  traffic.link_of_node_bytes = bytes([&](Leg leg) { return busiest_node(ranks, node_of, leg); });
  return traffic;
}

std::vector<RankSums> rank_sums_of(const std::vector<RankTraffic>& ranks,
                                   const std::vector<int>& node_of, const RoutingCase& what) {
  const auto row = static_cast<double>(payload_row_bytes(what.payload, what.hidden));
  const Legs legs = legs_of(what.mode);
  std::vector<RankSums> sums;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const RankTraffic& of = ranks[rank];
    const auto bytes = [&](RowsIn rows) {
      return row * (legs.dispatches * (of.dispatch.*rows) + legs.combines * (of.combine.*rows));
    };
    sums.push_back({.node = node_of[rank],
                    .rows = of.received,
                    .node_out = bytes(&LegRows::node_out),
                    .node_in = bytes(&LegRows::node_in),
                    .link_out = bytes(&LegRows::link_out),
                    .link_in = bytes(&LegRows::link_in)});
  }
  return sums;
}

}  // namespace switchyard::bench
