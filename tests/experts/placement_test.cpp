#include "experts/placement.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/error.h"

namespace switchyard {
namespace placement_test {

std::vector<int> hosted(const Placement& placement, int rank) {
  const auto experts = placement.hosted(rank);
  return {experts.begin(), experts.end()};
}

TEST(Placement, ExpertsAreInOrderOnceEach) {
  for (int experts = 1; experts <= 20; ++experts) {
    for (int ranks = 1; ranks <= experts; ++ranks) {
      const Placement placement(experts, ranks);
      int expert = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        for (int slot = 0; slot < placement.num_hosted(rank); ++slot, ++expert) {
          EXPECT_EQ(hosted(placement, rank)[static_cast<std::size_t>(slot)], expert);
          ASSERT_EQ(placement.replicas(expert).size(), 1U);
          EXPECT_EQ(placement.rank_of(placement.replicas(expert)[0]), rank);
          EXPECT_EQ(placement.slot_of(placement.replicas(expert)[0]), slot);
        }
      }
      EXPECT_EQ(expert, experts);
    }
  }
}

TEST(Placement, RanksDifferByAtMostOneExpert) {
  const Placement placement(8, 3);
  EXPECT_EQ(placement.num_hosted(0), 3);
  EXPECT_EQ(placement.num_hosted(1), 3);
  EXPECT_EQ(placement.num_hosted(2), 2);
}

TEST(Placement, SlotsLeftOverHoldTheFirstExpertsAgain) {
  const Placement placement(4, 3, 6);
  EXPECT_EQ(hosted(placement, 1), (std::vector<int>{2, 3}));
  EXPECT_EQ(hosted(placement, 2), (std::vector<int>{0, 1}));
  EXPECT_EQ(placement.replicas(0).size(), 2U);
  EXPECT_TRUE(placement.is_owner(0));
  EXPECT_FALSE(placement.is_owner(4));
}

TEST(Placement, ARankUsesItsOwnReplica) {
  const Placement placement(4, {{0, 1}, {2, 0}, {3, 0}, {1, 2}});
  for (int rank = 0; rank < 4; ++rank) {
    for (const int expert : placement.hosted(rank))
      EXPECT_EQ(placement.rank_of(placement.replica_for(expert, rank)), rank);
  }
}

TEST(Placement, OtherRanksAreSharedOutEvenly) {
  std::vector<std::vector<int>> experts(12, {0});
  experts[2] = experts[5] = experts[9] = {1};
  const Placement placement(2, experts);
  std::map<int, int> served;
  for (int source = 0; source < 12; ++source) ++served[placement.replica_for(1, source)];
  EXPECT_EQ(served, (std::map<int, int>{{2, 4}, {5, 4}, {9, 4}}));
}

TEST(Placement, ImpossibleOnesAreErrors) {
  EXPECT_THROW(Placement(2, {{0}, {0}}), Error);     // expert 1 is nowhere
  EXPECT_THROW(Placement(2, {{0, 0}, {1}}), Error);  // twice on a rank
  EXPECT_THROW(Placement(2, {{0, 2}, {1}}), Error);  // there is no expert 2
  EXPECT_THROW((void)Placement(4, 2).replicas(4), Error);
}

}  // namespace placement_test
}  // namespace switchyard
