#include "train/placement/load_balance.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace load_balance_test {

TEST(LoadBalance, PercentilesAreByNearestRankOverTheMean) {
  std::vector<std::int64_t> counts;
  for (std::int64_t i = 100; i >= 1; --i) counts.push_back(i);
  const LayerLoad load = load_of(3, counts, 0);
  for (std::size_t i = 0; i < load_percentiles.size(); ++i) {
    EXPECT_DOUBLE_EQ(load.percentiles[i], load_percentiles[i] / 50.5);
  }
}

TEST(LoadBalance, OneExpertIsAllItsPercentiles) {
  const std::vector<std::int64_t> counts = {7};
  EXPECT_EQ(load_of(0, counts, 0).percentiles, (std::array<double, 5>{1, 1, 1, 1, 1}));
}

TEST(LoadBalance, NamesTheHottestExpert) {
  const std::vector<std::int64_t> counts = {3, 9, 0, 9};
  EXPECT_EQ(load_of(0, counts, 0).hottest, 1);
  EXPECT_EQ(load_of(0, counts, 0).counts, counts);
}

TEST(LoadBalance, AStepWithoutTokensHasNoLoad) {
  const std::vector<std::int64_t> counts = {0, 0};
  EXPECT_EQ(load_of(0, counts, 0).max_over_mean, 0.0);
}

}  // namespace load_balance_test
}  // namespace switchyard
