#include "experts/balanced_placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "runtime/random.h"

namespace switchyard {
namespace balanced_placement_test {

using Load = std::vector<std::int64_t>;

PlacementConstraints one_node(int num_ranks) {
  return {std::vector<int>(static_cast<std::size_t>(num_ranks), 0), {}};
}

Load skewed(int num_experts, std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  Load load;
  for (int e = 0; e < num_experts; ++e) {
    const double u = random.uniform(static_cast<std::uint64_t>(e));
    load.push_back(static_cast<std::int64_t>(1.0 + 1000.0 * u * u * u));
  }
  return load;
}

// Every way to fill the ranks' slots, one rank after the other.
double min_by_trying_all(const Placement& shape, const Load& load, int rank,
                         std::vector<std::vector<int>>& hosted) {
  const int num_experts = shape.num_experts();
  if (rank == shape.num_ranks()) {
    std::set<int> seen;
    for (const auto& experts : hosted) seen.insert(experts.begin(), experts.end());
    if (static_cast<int>(seen.size()) < num_experts) return 1e300;
    return predicted_max_over_mean(Placement(num_experts, hosted), load);
  }
  double least = 1e300;
  for (unsigned subset = 0; subset < 1U << num_experts; ++subset) {
    if (__builtin_popcount(subset) != shape.num_hosted(rank)) continue;
    hosted.emplace_back();
    for (int e = 0; e < num_experts; ++e) {
      if ((subset >> e & 1U) != 0) hosted.back().push_back(e);
    }
    least = std::min(least, min_by_trying_all(shape, load, rank + 1, hosted));
    hosted.pop_back();
  }
  return least;
}

struct Size {
  int experts, ranks, replicas;
};

TEST(BalancedPlacement, IsNearTheBestOfAllSmallPlacements) {
  double ratios = 0.0;
  int count = 0;
  for (const Size& size : {Size{6, 2, 6}, Size{6, 3, 6}, Size{7, 2, 7}, Size{7, 3, 7},
                           Size{4, 3, 6}, Size{5, 3, 7}, Size{4, 2, 6}, Size{5, 3, 9}}) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const Placement now(size.experts, size.ranks, size.replicas);
      const Load load = skewed(size.experts, seed);
      std::vector<std::vector<int>> hosted;
      const double least = min_by_trying_all(now, load, 0, hosted);
      const Placement found = balanced_placement(now, load, one_node(size.ranks));
      const double ratio = predicted_max_over_mean(found, load) / least;
      EXPECT_LE(ratio, 4.0 / 3.0) << size.experts << " experts, " << size.replicas
                                  << " replicas on " << size.ranks << " ranks, seed " << seed;
      ratios += ratio;
      ++count;
    }
  }
  EXPECT_LE(ratios / count, 1.05);
}

TEST(BalancedPlacement, ReplicasOfOneHotExpertShareItsLoad) {
  const Placement now(4, 4, 8);
  const Load load = {700, 100, 100, 100};
  const Placement found = balanced_placement(now, load, one_node(4));
  EXPECT_EQ(found.replicas(0).size(), 4U);
  EXPECT_NEAR(predicted_max_over_mean(found, load), 1.1, 1e-9);
  EXPECT_NEAR(predicted_max_over_mean(Placement(4, 4), load), 2.8, 1e-9);
}

TEST(BalancedPlacement, KeepsTheNumberOfSlotsOfEveryRank) {
  const Placement now(11, 4, 14);
  const Placement found = balanced_placement(now, skewed(11, 3), one_node(4));
  for (int rank = 0; rank < 4; ++rank) EXPECT_EQ(found.num_hosted(rank), now.num_hosted(rank));
}

TEST(BalancedPlacement, BalancedLoadsMoveNothing) {
  const Placement now(12, 4);
  EXPECT_EQ(balanced_placement(now, Load(12, 50), one_node(4)), now);
}

TEST(BalancedPlacement, ALittleMoreLoadMovesLittle) {
  const Placement now = balanced_placement(Placement(64, 8), skewed(64, 1), one_node(8));
  Load load = skewed(64, 1);
  load[5] += load[5] / 4;
  const Placement found = balanced_placement(now, load, one_node(8));
  int moved = 0;
  for (int e = 0; e < 64; ++e) moved += found.replicas(e)[0] != now.replicas(e)[0];
  EXPECT_LE(moved, 16);
}

TEST(BalancedPlacement, GroupsStayOnANode) {
  const PlacementConstraints constraints{
      {0, 0, 1, 1}, {{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15}}};
  const Load load = skewed(16, 9);
  const Placement found = balanced_placement(Placement(16, 4, 20), load, constraints);
  for (const std::vector<int>& group : constraints.groups) {
    std::set<int> nodes;
    for (const int expert : group) {
      for (const int replica : found.replicas(expert))
        nodes.insert(constraints.node_of[static_cast<std::size_t>(found.rank_of(replica))]);
    }
    EXPECT_EQ(nodes.size(), 1U);
  }
}

TEST(BalancedPlacement, GroupsThatFitNoNodeAreLeftOut) {
  std::vector<int> all(8);
  std::iota(all.begin(), all.end(), 0);
  const Load load = skewed(8, 2);
  const Placement found = balanced_placement(Placement(8, 4), load, {{0, 0, 1, 1}, {all}});
  EXPECT_LT(predicted_max_over_mean(found, load), predicted_max_over_mean(Placement(8, 4), load));
}

TEST(BalancedPlacement, NoLoadIsBalanced) {
  const Placement now(6, 3);
  EXPECT_EQ(predicted_max_over_mean(now, Load(6, 0)), 1.0);
  EXPECT_EQ(balanced_placement(now, Load(6, 0), one_node(3)), now);
}

TEST(BalancedPlacement, ThousandsOfExpertsFitOnHundredsOfRanks) {
  const Placement now(4096, 256, 4352);
  const Load load = skewed(4096, 7);
  const Placement found = balanced_placement(now, load, one_node(256));
  EXPECT_LT(predicted_max_over_mean(found, load), 1.02);
}

}  // namespace balanced_placement_test
}  // namespace switchyard
