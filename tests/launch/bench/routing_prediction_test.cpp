// Predictions of the routing benchmark against cases worked out by hand.
#include "launch/bench/routing_prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
                           .memory_gb_per_s = 4.0,
                           .gflop_per_s = 1.0};

RoutingResult predicted(const std::string& mode, const std::string& exchange, int top_k = 1,
                        const std::string& workload = "balanced", std::int64_t tokens = 64) {
  return predict_routing({workload, mode, exchange, Payload::f32, tokens, 256, top_k, 4}, {},
                         cluster);
}

// A rank sends 16 rows to its neighbour, and its node 64 of 128 to the other one, which takes
// longer; one message within the node and two across; 48 rows packed, 48 unpacked and 16 of its own
// moved.
TEST(RoutingPrediction, ABalancedDispatchIsLatenciesAndTheBusiestWireAndPacking) {
  const RoutingResult result = predicted("dispatch", "flat");
  EXPECT_NEAR(result.travel, (1 + 2 * 2) * us + 64 * kib / 1e9, 1e-12);
  EXPECT_NEAR(result.most, result.travel + 112 * kib / 4e9, 1e-12);
  EXPECT_NEAR(result.least, result.most, 1e-15);
  EXPECT_EQ(result.logical_bytes, 256 * 1024);
  EXPECT_EQ(result.wire_bytes, 128 * 1024);    // changes nodes
  EXPECT_EQ(result.busiest_bytes, 48 * 1024);  // changes ranks
  EXPECT_EQ(result.load, (std::vector<std::int64_t>{64, 64, 64, 64}));
}

// What comes home stands in place: 48 rows are packed, 16 moved, none unpacked.
TEST(RoutingPrediction, ACombineOfF32UnpacksNothing) {
  const RoutingResult result = predicted("combine", "flat");
  EXPECT_NEAR(result.most - result.travel, 64 * kib / 4e9, 1e-12);
}

// Of two choices among four experts, 5/6 of the tokens have one on the other node.
TEST(RoutingPrediction, HierarchicalCrossesOncePerNode) {
  const auto wire_kib = [](const char* mode, const char* exchange) {
    return static_cast<double>(predicted(mode, exchange, 2).wire_bytes) / kib;
  };
  EXPECT_NEAR(wire_kib("dispatch", "flat"), 256, 1e-3);
  EXPECT_NEAR(wire_kib("dispatch", "hierarchical"), 256 * 5 / 6.0, 1e-3);
  EXPECT_NEAR(wire_kib("combine", "hierarchical"), 256, 1e-3);
}

// Half of the draws and an eighth: 5/8 of all tokens.
TEST(RoutingPrediction, AHotRankIsTheSlowest) {
  const RoutingResult result = predicted("dispatch", "flat", 1, "hot_rank");
  EXPECT_EQ(result.slowest, 0);
  EXPECT_EQ(result.load, (std::vector<std::int64_t>{160, 32, 32, 32}));
  EXPECT_GT(result.most, 1.1 * predicted("dispatch", "flat").most);
}

// One row: 2 * 256 * 4 for the gate, 6 * 256 * 1024 for an expert, three times each.
TEST(RoutingPrediction, ALayerAddsItsArithmetic) {
  const double trip = predicted("round_trip", "flat").most;
  const double flops = 64.0 * (2 * 256 * 4 + 6 * 256 * 1024);
  EXPECT_NEAR(predicted("layer", "flat").most, 2 * trip + 3 * flops / 1e9, 1e-9);
}

TEST(RoutingPrediction, SharedMemoryPacksATokenOnce) {
  const RoutingResult result = predicted("dispatch", "shared_memory", 2);
  EXPECT_NEAR(result.most - result.travel, (64 + 128) * kib / 4e9, 1e-12);
}

TEST(RoutingPrediction, AutoIsTheFastest) {
  const double best = std::min({predicted("round_trip", "flat", 2).most,
                                predicted("round_trip", "shared_memory", 2).most,
                                predicted("round_trip", "hierarchical", 2).most});
  EXPECT_EQ(predicted("round_trip", "auto", 2).most, best);
}

TEST(RoutingPrediction, EveryWorkloadKeepsItsTokens) {
  for (const Workload::Kind& kind : Workload::kinds()) {
    const RoutingResult result = predicted("round_trip", "flat", 2, kind.name);
    std::int64_t rows = 0;
    for (const std::int64_t load : result.load) rows += load;
    EXPECT_NEAR(static_cast<double>(rows), 2.0 * static_cast<double>(result.tokens), 2.0)
        << kind.name;
  }
}

TEST(RoutingPrediction, AStepRoutesInTwoLayersAndDoesTheRest) {
  const double layer = predicted("layer", "flat").most, step = predicted("step", "flat").most;
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
