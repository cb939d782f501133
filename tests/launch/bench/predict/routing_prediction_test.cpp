// Predictions of the routing benchmark against cases worked out by hand.
#include "launch/bench/predict/routing_prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "router/exchange/workload.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace routing_prediction_test {

constexpr double kib = 1024, us = 1e-6;

// Two nodes of two ranks; rows of 1 KiB; 1 GB/s everywhere, 4 GB/s in memory.
const ClusterModel cluster{.nodes = 2,
                           .ranks_per_node = 2,
                           .node_latency_us = 1.0,
                           .node_gb_per_s = 1.0,
                           .link_latency_us = 2.0,
                           .link_gb_per_s = 1.0,
                           .message_gap_us = 0.25,
                           .memory_gb_per_s = 4.0,
                           .gflop_per_s = 1.0};

RoutingResult predicted(const std::string& mode, const std::string& exchange, int top_k = 1,
                        const std::string& workload = "balanced", std::int64_t tokens = 64) {
  return predict_routing({workload, mode, exchange, Payload::f32, tokens, 256, top_k, 4}, {},
                         cluster);
}

std::vector<std::int64_t> rows_of(const RoutingResult& result) {
  std::vector<std::int64_t> rows;
  for (const RankSums& rank : result.of_ranks) rows.push_back(std::llround(rank.rows));
  return rows;
}
double travel_of(const RoutingResult& result) { return result.part(&Iteration::travel); }
double packing_of(const RoutingResult& result) { return result.part(&Iteration::permute); }

// A rank sends 16 rows to its neighbour, and its node 64 of 128 to the other one, which takes
// longer; three messages, the last of which takes 2 us; 48 rows packed, 48 unpacked and 16 of its
// own moved.
TEST(RoutingPrediction, ABalancedDispatchIsMessagesAndTheBusiestWireAndPacking) {
  const RoutingResult result = predicted("dispatch", "flat");
  EXPECT_NEAR(travel_of(result), (2 + 2 * 0.25) * us + 64 * kib / 1e9, 1e-12);
  EXPECT_NEAR(result.p(0.5), travel_of(result) + 112 * kib / 4e9, 1e-12);
  const Traffic& traffic = result.iterations[0].traffic;
  EXPECT_EQ(traffic.logical_bytes, 256 * 1024);
  EXPECT_EQ(traffic.wire_bytes, 128 * 1024);  // changes nodes
  EXPECT_EQ(traffic.node_bytes, 16 * 1024);
  EXPECT_EQ(traffic.link_bytes, 32 * 1024);
  EXPECT_EQ(traffic.link_of_node_bytes, 64 * 1024);
  EXPECT_EQ(rows_of(result), (std::vector<std::int64_t>{64, 64, 64, 64}));
  EXPECT_FALSE(result.wrong.has_value());
}

// 64 rows cross, then the relays, each with 64 rows, pass 32 on to their neighbour: one after the
// other. Each sends 32 rows to itself twice; 64 are packed, 64 ordered by the relay, 64 unpacked.
TEST(RoutingPrediction, AHierarchicalDispatchCrossesAndThenRelays) {
  const RoutingResult result = predicted("dispatch", "hierarchical");
  EXPECT_NEAR(travel_of(result), (2 + 1) * us + (64 + 32) * kib / 1e9 + 64 * kib / 4e9, 1e-12);
  EXPECT_NEAR(packing_of(result), 192 * kib / 4e9, 1e-12);
  EXPECT_GT(result.p(0.5), predicted("dispatch", "flat").p(0.5)) << "no token has two experts";
}

// 80 rows for the hot rank arrive at its port, which has half of the node's rate.
TEST(RoutingPrediction, ARankHasNoMoreThanItsRail) {
  ClusterModel two_ports = cluster;
  two_ports.rails = 2;
  const RoutingCase hot{"hot_rank", "dispatch", "flat", Payload::f32, 64, 256, 1, 4};
  EXPECT_NEAR(travel_of(predict_routing(hot, {}, two_ports)), 2.5 * us + 80 * kib / 0.5e9, 1e-12);
  EXPECT_NEAR(travel_of(predict_routing(hot, {}, cluster)), 2.5 * us + 96 * kib / 1e9, 1e-12);
}

// Both groups stay within a node.
TEST(RoutingPrediction, GroupsSmallerThanTheWorldAreSideBySide) {
  RoutingSweep sweep;
  sweep.expert_group = 2;
  const RoutingCase what{"hot_rank", "dispatch", "flat", Payload::f32, 64, 256, 1, 4};
  const RoutingResult result = predict_routing(what, sweep, cluster);
  EXPECT_EQ(rows_of(result), (std::vector<std::int64_t>{96, 32, 96, 32}));
  EXPECT_EQ(result.iterations[0].traffic.link_bytes, 0);
  EXPECT_EQ(result.iterations[0].traffic.tokens, 256);
  EXPECT_NEAR(travel_of(result), 1 * us + 48 * kib / 1e9, 1e-12);
  sweep.expert_group = 3;
  EXPECT_THROW(check_prediction({what}, sweep, cluster), Error);
}

TEST(RoutingPrediction, WhatOverflowsIsRefused) {
  RoutingCase huge{"balanced", "dispatch", "flat", Payload::f32, 1 << 24, 1 << 20, 1, 8};
  ClusterModel large = cluster;
  large.nodes = 1 << 14;
  huge.top_k = 8;
  EXPECT_THROW(check_prediction({huge}, {}, large), Error);
  huge.tokens = 4096;
  EXPECT_NO_THROW(check_prediction({huge}, {}, large));
}

// 64 rows at home and 64 at the experts are twice what caches of 64 KiB are for: a fifth of them is
// held and takes half of the time; the rest takes as much longer to travel, too. 32 rows leave, 96
// are packed or unpacked.
TEST(RoutingPrediction, CachesHoldAFifthOfTwiceTheirRows) {
  ClusterModel node = cluster;
  node.nodes = 1;
  node.packing_cached = 0.5;
  node.cache_mib = 0.0625;
  RoutingCase what{"balanced", "dispatch", "flat", Payload::f32, 64, 256, 1, 4};
  const RoutingResult result = predict_routing(what, {}, node);
  EXPECT_NEAR(packing_of(result), 0.9 * 96 * kib / 4e9, 1e-12);
  EXPECT_NEAR(travel_of(result), 1 * us + 32 * kib * (1 / 1e9 + 0.8 * 0.5 / 4e9), 1e-12);
  what.payload = Payload::bf16;  // reads 1 KiB and writes half, or the other way round
  EXPECT_NEAR(packing_of(predict_routing(what, {}, node)), 0.9 * 96 * 0.75 * kib / 4e9, 1e-12);
}

// What comes home is in place: 48 rows are packed, 16 moved, none unpacked.
TEST(RoutingPrediction, ACombineOfF32UnpacksNothing) {
  const RoutingResult result = predicted("combine", "flat");
  EXPECT_NEAR(packing_of(result), 64 * kib / 4e9, 1e-12);
}

// Of two choices among four experts, 5/6 of the tokens have one on the other node.
TEST(RoutingPrediction, HierarchicalCrossesOncePerNode) {
  const auto wire_kib = [](const char* mode, const char* exchange) {
    return predicted(mode, exchange, 2).bytes(&Traffic::wire_bytes) / kib;
  };
  EXPECT_NEAR(wire_kib("dispatch", "flat"), 256, 1e-3);
  EXPECT_NEAR(wire_kib("dispatch", "hierarchical"), 256 * 5 / 6.0, 1e-3);
  EXPECT_NEAR(wire_kib("combine", "hierarchical"), 256, 1e-3);
}

// Half of the draws and an eighth: 5/8 of all tokens.
TEST(RoutingPrediction, AHotRankIsTheSlowest) {
  const RoutingResult result = predicted("dispatch", "flat", 1, "hot_rank");
  EXPECT_EQ(result.slowest_rank(), 0);
  EXPECT_EQ(rows_of(result), (std::vector<std::int64_t>{160, 32, 32, 32}));
  EXPECT_GT(result.p(0.5), 1.1 * predicted("dispatch", "flat").p(0.5));
}

// One row: 2 * 256 * 4 for the gate, 6 * 256 * 1024 for an expert, three times each.
TEST(RoutingPrediction, ALayerAddsItsArithmetic) {
  const double trip = predicted("round_trip", "flat").p(0.5);
  const double flops = 64.0 * (2 * 256 * 4 + 6 * 256 * 1024);
  EXPECT_NEAR(predicted("layer", "flat").p(0.5), 2 * trip + 3 * flops / 1e9, 1e-9);
}

TEST(RoutingPrediction, SharedMemoryPacksATokenOnce) {
  const RoutingResult result = predicted("dispatch", "shared_memory", 2);
  EXPECT_NEAR(packing_of(result), (64 + 128) * kib / 4e9, 1e-12);
}

TEST(RoutingPrediction, AutoIsTheFastest) {
  const double best = std::min({predicted("round_trip", "flat", 2).p(0.5),
                                predicted("round_trip", "shared_memory", 2).p(0.5),
                                predicted("round_trip", "hierarchical", 2).p(0.5)});
  EXPECT_EQ(predicted("round_trip", "auto", 2).p(0.5), best);
}

TEST(RoutingPrediction, EveryWorkloadKeepsItsTokens) {
  for (const Workload::Kind& kind : Workload::kinds()) {
    const RoutingResult result = predicted("round_trip", "flat", 2, kind.name);
    std::int64_t rows = 0;
    for (const std::int64_t of_rank : rows_of(result)) rows += of_rank;
    EXPECT_NEAR(static_cast<double>(rows), 2.0 * result.bytes(&Traffic::tokens), 2.0) << kind.name;
  }
}

TEST(RoutingPrediction, AStepRoutesInTwoLayersAndDoesTheRest) {
  const double layer = predicted("layer", "flat").p(0.5), step = predicted("step", "flat").p(0.5);
  const double attention = 2 * (4 * 256 * 256 + 256 * 65);  // hidden 256, four heads of 64
  const double flops = 3 * 64.0 * 2 * (attention + 1024 * 256);
  EXPECT_GT(step, 2 * layer + flops / 1e9);
  EXPECT_LT(step, 2 * layer + 1.1 * flops / 1e9) << "sums of gradients and the update are small";
}

TEST(ClusterModel, AnUnknownKeyIsRefusedWithTheNearest) {
  try {
    parse_cluster_model("nodes = 4\nlink_gb_s = 12.5\n", "my.toml");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("my.toml, line 2: unknown key link_gb_s"));
    EXPECT_THAT(error.what(), testing::HasSubstr("link_gb_per_s"));
  }
  EXPECT_THROW(parse_cluster_model("nodes = 0", "my.toml"), Error);
  EXPECT_THROW(parse_cluster_model("nodes = [", "my.toml"), Error);
}

}  // namespace routing_prediction_test
}  // namespace switchyard::bench
