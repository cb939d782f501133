#include "experts/placement.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace placement_test {

TEST(Placement, EveryExpertHasOneHostAndOneSlot) {
  for (int experts = 1; experts <= 20; ++experts) {
    for (int ranks = 1; ranks <= experts; ++ranks) {
      const Placement placement(experts, ranks);
      int expert = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        EXPECT_EQ(placement.first_expert(rank), expert);
        for (int slot = 0; slot < placement.num_hosted(rank); ++slot, ++expert) {
          EXPECT_EQ(placement.host(expert), rank);
          EXPECT_EQ(placement.slot(expert), slot);
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

TEST(Placement, UnknownExpertIsAnError) { EXPECT_THROW(Placement(4, 2).host(4), Error); }

}  // namespace placement_test
}  // namespace switchyard
