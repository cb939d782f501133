#include "launch/bench/figures/routing_traffic.h"

#include <gtest/gtest.h>

namespace switchyard::bench {
namespace routing_traffic_test {

constexpr std::int64_t row = 4 * 32;

RoutingCase of_mode(const std::string& mode) {
  return {"hot_rank", mode, "flat", Payload::f32, 64, 32, 1, 4};
}

RankTraffic rank_that(LegRows dispatch) {
  return {.tokens = 64,
          .slots = 64,
          .received = 0,
          .dispatch = dispatch,
          .combine = dispatch.mirrored()};
}

// Rank 0 receives on one leg what it sends on the other: each of them fills its link one way.
TEST(RoutingTraffic, LegsAreAddedUpAlthoughTheyLoadOppositeWays) {
  const std::vector<RankTraffic> ranks = {rank_that({.node_out = 10, .node_in = 90}),
                                          rank_that({.node_out = 90, .node_in = 10})};
  const std::vector<int> one_node = {0, 0};
  EXPECT_EQ(traffic_of(ranks, one_node, of_mode("dispatch")).node_bytes, 90 * row);
  EXPECT_EQ(traffic_of(ranks, one_node, of_mode("combine")).node_bytes, 90 * row);
  EXPECT_EQ(traffic_of(ranks, one_node, of_mode("round_trip")).node_bytes, 180 * row);
  EXPECT_EQ(traffic_of(ranks, one_node, of_mode("layer")).node_bytes, 360 * row);
  EXPECT_EQ(traffic_of(ranks, one_node, of_mode("dispatch")).wire_bytes, 100 * row);
}

TEST(RoutingTraffic, KindsOfLinksAreKeptApart) {
  const std::vector<RankTraffic> ranks = {
      rank_that({.node_out = 5, .node_in = 1, .link_out = 7, .link_in = 2}),
      rank_that({.node_out = 1, .node_in = 5, .link_out = 3, .link_in = 6}),
      rank_that({.node_out = 0, .node_in = 0, .link_out = 8, .link_in = 10})};
  const Traffic traffic = traffic_of(ranks, {0, 0, 1}, of_mode("dispatch"));
  EXPECT_EQ(traffic.node_bytes, 5 * row);
  EXPECT_EQ(traffic.link_bytes, 10 * row);
  EXPECT_EQ(traffic.link_of_node_bytes, 10 * row);  // both nodes: 7 + 3 out; 10 in
  EXPECT_EQ(traffic.wire_bytes, 18 * row) << "what changes nodes, once";
  EXPECT_EQ(traffic.logical_bytes, 3 * 64 * row);
}

TEST(RoutingTraffic, ARanksSumsAreOfBothWays) {
  const std::vector<RankSums> sums =
      rank_sums_of({rank_that({.node_out = 5, .node_in = 1, .link_out = 7, .link_in = 2})}, {0},
                   of_mode("round_trip"));
  EXPECT_EQ(sums[0].node_out, 6.0 * row);
  EXPECT_EQ(sums[0].link_in, 9.0 * row);
}

}  // namespace routing_traffic_test
}  // namespace switchyard::bench
