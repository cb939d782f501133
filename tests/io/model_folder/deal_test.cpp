#include "io/model_folder/deal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace switchyard {
namespace deal_test {

TEST(Deal, TheLargestGoesFirstAndTiesToTheLowestRank) {
  const std::vector<std::int64_t> sizes = {3, 7, 5, 4,
                                           5};  // in order: 7, 5, 5, 4, 3; the sums are 11 and 13
  EXPECT_EQ(deal(sizes, 2), (std::vector<int>{1, 0, 1, 0, 1}));
}

TEST(Deal, ManyPiecesLeaveRanksWithinOnePercent) {
  std::vector<std::int64_t> sizes;
  for (int i = 0; i < 4000; ++i) sizes.push_back(1000 + i * 37 % 911);
  std::vector<std::int64_t> loads(64);
  const std::vector<int> ranks = deal(sizes, 64);
  for (std::size_t i = 0; i < sizes.size(); ++i) loads.at(ranks[i]) += sizes[i];
  const double mean = static_cast<double>(std::reduce(loads.begin(), loads.end())) / 64.0;
  EXPECT_LT(static_cast<double>(std::ranges::max(loads)), 1.01 * mean);
}

TEST(Deal, FewerPiecesThanRanks) {
  EXPECT_EQ(deal(std::vector<std::int64_t>{5}, 3), std::vector<int>{0});
}

}  // namespace deal_test
}  // namespace switchyard
