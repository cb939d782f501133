#include "launch/bench/routing_times.h"

#include <gtest/gtest.h>

namespace switchyard::bench {
namespace routing_times_test {

// Each of four ranks is hot in one iteration of four, so never in its own median.
TEST(RoutingTimes, AnIterationTakesAsLongAsItsSlowestRank) {
  std::vector<Lap> laps;
  for (int rank = 0; rank < 4; ++rank) {
    for (int i = 0; i < 4; ++i)
      laps.push_back(rank == i ? Lap{16.0, 1.0, 2.0, 3.0} : Lap{8.0, 0.1, 0.2, 0.3});
  }
  RoutingResult result;
  result.ranks = 4;
  result.of_ranks.resize(4);
  add_laps(laps, result);
  EXPECT_EQ(result.p(0.5), 16.0);
  EXPECT_EQ(result.p(0.0), 16.0);
  EXPECT_EQ(result.part(&Iteration::travel), 3.0) << "of the rank that was slowest";
  EXPECT_EQ(result.of_ranks[2].seconds, 40.0);
}

}  // namespace routing_times_test
}  // namespace switchyard::bench
