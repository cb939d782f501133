// Numbers that are planted in synthetic times come back, and the choice is the least of the times.
#include "launch/bench/tune/cluster_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "launch/bench/predict/exchange_prediction.h"
#include "launch/bench/tune/tune_cases.h"
#include "runtime/random.h"

namespace switchyard::bench {
namespace {

ClusterModel planted(int nodes, int on_node, double link_gb_per_s = 0.4) {
  return {.nodes = nodes,
          .ranks_per_node = on_node,
          .node_latency_us = 7.0,
          .node_gb_per_s = 2.5,
          .link_latency_us = 40.0,
          .link_gb_per_s = link_gb_per_s,
          .message_gap_us = 3.0,
          .memory_gb_per_s = 9.0,
          .fence_us = 12.0,
          .shared_memory_packing = 0.7,
          .hierarchical_packing = 1.6,
          .bf16_packing = 2.0,
          .int8_packing = 5.0,
          .packing_cached = 0.5,
          .cache_mib = 4.0};
}

// noise: the standard deviation of the logarithm of a time; every `disturbed`th is five times that
// time.
std::vector<TimedCase> times_on(const ClusterModel& cluster, double noise, int disturbed,
                                bool held_out) {
  std::vector<TimedCase> timed;
  const Random random(7, Purpose::data_order, 0);
  for (const TuneCase& of : tune_cases(exchanges_on(cluster, true), 2, cluster.num_ranks(), 1)) {
    if (of.held_out != held_out) continue;
    const auto number = static_cast<std::uint64_t>(timed.size());
    double seconds = predict_routing(of.what, {}, cluster).p(0.5);
    seconds *= std::exp(noise * random.normal(number));
    if (disturbed > 0 && timed.size() % static_cast<std::size_t>(disturbed) == 5) seconds *= 5.0;
    timed.push_back({of.what, seconds});
  }
  return timed;
}

double largest_error(const std::vector<TimedCase>& cases, const ClusterModel& model) {
  double most = 0.0;
  for (const TimedCase& timed : cases)
    most = std::max(most,
                    std::abs(predict_routing(timed.what, {}, model).p(0.5) / timed.seconds - 1.0));
  return most;
}

ClusterModel start_like(const ClusterModel& cluster) {
  return {.nodes = cluster.nodes, .ranks_per_node = cluster.ranks_per_node};
}

TEST(ClusterFit, FindsTheNumbersOfACluster) {
  const ClusterModel hidden = planted(2, 4, 4.0);
  const ClusterModel found = fit_cluster(times_on(hidden, 0.0, 0, false), {}, start_like(hidden));
  EXPECT_NEAR(found.link_gb_per_s, 4.0, 0.1);
  EXPECT_NEAR(found.memory_gb_per_s, 9.0, 0.3);
  EXPECT_NEAR(found.node_gb_per_s, 2.5, 0.1);
  EXPECT_NEAR(found.shared_memory_packing, 0.7, 0.05);
  EXPECT_NEAR(found.hierarchical_packing, 1.6, 0.1);
  EXPECT_NEAR(found.bf16_packing, 2.0, 0.1);
  EXPECT_NEAR(found.int8_packing, 5.0, 0.25);
  // Each exchange shows one sum of latencies: seven messages, a fence and four, one and three.
  EXPECT_NEAR(found.link_latency_us + 6 * found.message_gap_us, 40.0 + 6 * 3.0, 1.0);
  EXPECT_NEAR(found.fence_us + found.link_latency_us + 3 * found.message_gap_us,
              12.0 + 40.0 + 3 * 3.0, 1.0);
  EXPECT_NEAR(found.link_latency_us + found.node_latency_us + 2 * found.message_gap_us,
              40.0 + 7.0 + 2 * 3.0, 1.0);
  EXPECT_LT(largest_error(times_on(hidden, 0.0, 0, true), found), 0.01);
}

TEST(ClusterFit, FindsThemOnOneNode) {
  const ClusterModel hidden = planted(1, 4);
  const ClusterModel found = fit_cluster(times_on(hidden, 0.0, 0, false), {}, start_like(hidden));
  EXPECT_NEAR(found.node_gb_per_s, 2.5, 0.05);
  EXPECT_NEAR(found.memory_gb_per_s, 9.0, 0.2);
  EXPECT_NEAR(found.node_latency_us + 2 * found.message_gap_us, 7.0 + 2 * 3.0, 0.2);
  EXPECT_NEAR(found.fence_us, 12.0, 0.1);
  EXPECT_NEAR(found.packing_cached, 0.5, 0.02);
  EXPECT_NEAR(found.cache_mib, 4.0, 0.2);
  EXPECT_NEAR(found.link_gb_per_s, ClusterModel{}.link_gb_per_s, 1e-9) << "nothing was seen of it";
  EXPECT_LT(largest_error(times_on(hidden, 0.0, 0, true), found), 0.005);
}

TEST(ClusterFit, NoiseAndDisturbedCasesMoveItLittle) {
  for (const auto& [nodes, on_node] : {std::pair(1, 4), std::pair(2, 4), std::pair(4, 1)}) {
    const ClusterModel hidden = planted(nodes, on_node);
    const ClusterModel found =
        fit_cluster(times_on(hidden, 0.05, 11, false), {}, start_like(hidden));
    EXPECT_LT(largest_error(times_on(hidden, 0.0, 0, true), found), 0.2) << nodes << "x" << on_node;
  }
}

TEST(ClusterFit, TheFileSaysWhatWasFound) {
  const ClusterModel hidden = planted(2, 4);
  const ClusterModel read = parse_cluster_model(print_cluster_model(hidden), "cluster.toml");
  EXPECT_TRUE(read.assumed.empty());
  for (const TimedCase& timed : times_on(hidden, 0.0, 0, true))
    EXPECT_EQ(predict_routing(timed.what, {}, read).p(0.5), timed.seconds) << timed.what.name();
}

TEST(FastestExchange, HasTheLeastSeconds) {
  const RoutingCase what{"balanced", "round_trip", "auto", Payload::f32, 1024, 512, 2, 8};
  ClusterModel cluster = planted(2, 4);
  const auto exchanges = exchanges_on(cluster, true);
  EXPECT_THAT(exchanges, testing::ElementsAre("flat", "shared_memory", "hierarchical"));
  for (double factor : {0.01, 1.0, 100.0}) {
    cluster.shared_memory_packing = factor;
    for (double other : {0.01, 1.0, 100.0}) {
      cluster.hierarchical_packing = other;
      const ExchangePrediction found = fastest_exchange(what, {}, cluster, exchanges);
      for (const auto& [exchange, seconds] : found.seconds) {
        RoutingCase with = what;
        with.exchange = exchange;
        EXPECT_EQ(seconds, predict_routing(with, {}, cluster).p(0.5));
        if (exchange != found.exchange) continue;
        for (const auto& rival : found.seconds) EXPECT_LE(seconds, rival.second);
      }
      if (factor == 100.0 && other == 100.0) {
        EXPECT_EQ(found.exchange, "flat");
      }
    }
  }
  cluster.shared_memory_packing = 0.01;
  EXPECT_EQ(fastest_exchange(what, {}, cluster, exchanges).exchange, "shared_memory");
  EXPECT_THAT(exchanges_on(planted(2, 4), false), testing::ElementsAre("flat", "hierarchical"));
  EXPECT_THAT(exchanges_on(planted(4, 1), true), testing::ElementsAre("flat"));
}

}  // namespace
}  // namespace switchyard::bench
