// The rows of an exchange that leave a rank or a node, and the bytes that they make.
#pragma once

#include <vector>

#include "launch/bench/figures/routing_result.h"

namespace switchyard::bench {

// Rows that one rank sends and receives in one dispatch or combine: to and from other ranks of its
// node, and to and from other nodes. Predicted ones are not whole.
struct LegRows {
  double node_out = 0.0, node_in = 0.0, link_out = 0.0, link_in = 0.0;

  LegRows mirrored() const { return {node_in, node_out, link_in, link_out}; }
};

struct RankTraffic {
  double tokens = 0.0, slots = 0.0, received = 0.0;
  LegRows dispatch, combine;
};

// The traffic of one iteration. ranks: of the world, on the nodes `node_of`.
Traffic traffic_of(const std::vector<RankTraffic>& ranks, const std::vector<int>& node_of,
                   const RoutingCase& what);

// Returns the sums over one iteration.
std::vector<RankSums> rank_sums_of(const std::vector<RankTraffic>& ranks,
                                   const std::vector<int>& node_of, const RoutingCase& what);

}  // namespace switchyard::bench
