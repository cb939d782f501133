#include "launch/bench/figures/routing_result.h"

#include <gtest/gtest.h>

namespace switchyard::bench {
namespace routing_result_test {

RoutingResult result(const std::vector<double>& seconds, std::int64_t node_bytes = 0) {
  RoutingResult made;
  made.of_ranks.resize(2);
  for (const double s : seconds) made.iterations.push_back({s, 0.0, 0.0, 0.0, {}});
  for (Iteration& iteration : made.iterations) iteration.traffic.node_bytes = node_bytes;
  return made;
}

TEST(RoutingResult, QuantilesAreInterpolated) {
  EXPECT_EQ(quantile({3, 1}, 0.5), 2.0);
  EXPECT_EQ(quantile({5, 1, 3}, 0.5), 3.0);
  EXPECT_DOUBLE_EQ(quantile({0, 10, 20, 30, 40}, 0.95), 38.0);
  EXPECT_EQ(quantile({7}, 0.99), 7.0);
  EXPECT_EQ(quantile({}, 0.5), 0.0);
}

// One iteration in eight takes ten times as long: a burst shows in p95 and the mean, not in p50.
TEST(RoutingResult, ABurstShowsInTheTail) {
  const RoutingResult burst = result({1, 1, 1, 1, 1, 1, 1, 10, 1, 1, 1, 1, 1, 1, 1, 10});
  EXPECT_EQ(burst.p(0.5), 1.0);
  EXPECT_EQ(burst.p(0.95), 10.0);
  EXPECT_EQ(burst.mean(), 34.0 / 16.0);
}

// Bytes and seconds are those of one iteration: a link of 1 GB/s never seems to carry more.
TEST(RoutingResult, ARateIsOfTheBytesAndTheTimeOfOneIteration) {
  RoutingResult varied = result({1, 4, 2});
  varied.iterations[0].traffic.node_bytes = 1'000'000'000;
  varied.iterations[1].traffic.node_bytes = 4'000'000'000;
  varied.iterations[2].traffic.node_bytes = 2'000'000'000;
  EXPECT_DOUBLE_EQ(varied.gb_per_s(&Traffic::node_bytes), 1.0);
}

TEST(RoutingResult, TheShareOfThePeakIsThatOfTheNearestLink) {
  RoutingResult made = result({1}, 2'000'000'000);
  made.iterations[0].traffic.link_bytes = 1'000'000'000;
  EXPECT_EQ(made.share_of_peak(), 0.0) << "no peak is stated";
  made.peak_node = 10.0;
  made.peak_link = 4.0;
  EXPECT_DOUBLE_EQ(made.share_of_peak(), 0.25);
  made.exchange = "shared_memory";
  made.peak_link = 0.0;
  EXPECT_EQ(made.share_of_peak(), 0.0) << "rows in memory do not travel over a link of the node";
}

TEST(RoutingResult, RepeatsAreKeptApart) {
  RoutingResult all = result({1, 1, 1});
  all.wrong = 0;
  all.of_ranks[1].rows = 6.0;
  RoutingResult more = result({2, 2, 9});
  more.wrong = 3;
  more.of_ranks[1].rows = 4.0;
  all.add(std::move(more));
  EXPECT_EQ(all.medians(), (std::vector<double>{1, 2}));
  EXPECT_DOUBLE_EQ(all.spread(), 1.0 / 1.5);
  EXPECT_EQ(all.wrong, 3);
  EXPECT_EQ(all.of_ranks[1].rows, 10.0);
}

TEST(RoutingResult, SkewIsOfTheFullestRankOfEachIteration) {
  RoutingResult rotating = result({1, 1});  // both ranks receive 4 in all, but 3 and 1 in turns
  rotating.of_ranks[0].rows = rotating.of_ranks[1].rows = 4.0;
  for (Iteration& iteration : rotating.iterations) iteration.traffic.max_rows = 3;
  EXPECT_DOUBLE_EQ(rotating.skew(), 1.5);
}

}  // namespace routing_result_test
}  // namespace switchyard::bench
