#include "launch/assemble/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace layout_test {

TEST(ExpertDegree, AutoTakesTheMostThatFit) {
  EXPECT_EQ(choose_expert_degree("auto", 8, 8, false).degree, 8);
  EXPECT_EQ(choose_expert_degree("auto", 8, 6, false).degree, 4);
  EXPECT_EQ(choose_expert_degree("auto", 3, 8, false).degree, 3);
  EXPECT_EQ(choose_expert_degree("auto", 7, 6, false).degree, 1);
}

TEST(ExpertDegree, ADivisorIsTaken) { EXPECT_EQ(choose_expert_degree("2", 8, 8, false).degree, 2); }

TEST(ExpertDegree, AMisfitIsAnErrorAtFirstStart) {
  try {
    choose_expert_degree("4", 6, 8, false);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("does not divide 6 ranks"));
  }
}

TEST(ExpertDegree, AMisfitShrinksWhereItMay) {
  const ExpertDegree chosen = choose_expert_degree("4", 6, 8, true);
  EXPECT_EQ(chosen.degree, 3);
  EXPECT_THAT(chosen.note, testing::HasSubstr("using 3"));
}

TEST(ExpertDegree, MoreThanTheRanksShrinksToAllOfThem) {
  EXPECT_EQ(choose_expert_degree("8", 3, 8, true).degree, 3);
}

TEST(Threads, AnAskedNumberIsTaken) {
  const auto world = make_single_comm();
  EXPECT_EQ(choose_threads(3, *world), 3);
}

TEST(Threads, OneRankTakesItsCores) {
  const auto world = make_single_comm();
  EXPECT_GE(choose_threads(0, *world), 1);
}

}  // namespace layout_test
}  // namespace switchyard
