#include "launch/assemble/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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

RankPlace place(const std::string& mask, std::optional<double> quota = {},
                const std::string& from = "", const std::string& host = "a") {
  return {host, mask, static_cast<int>(std::count(mask.begin(), mask.end(), '1')), quota, from};
}

TEST(Threads, RanksBoundToTheSameCoresShareThem) {
  EXPECT_EQ(threads_at(place("1111"), {place("1111")}), 4);
  EXPECT_EQ(threads_at(place("1111"), {place("1111"), place("1111")}), 2);
  EXPECT_EQ(threads_at(place("1100"), {place("1100"), place("0011")}), 2);
  EXPECT_EQ(threads_at(place("11"), {place("11"), place("11", {}, "", "b")}), 2);
  EXPECT_EQ(threads_at(place("1"), {place("1"), place("1"), place("1")}), 1);
}

TEST(Threads, RanksOfAControlGroupShareItsQuota) {
  EXPECT_EQ(threads_at(place("1111", 1.0, "/g"), {place("1111", 1.0, "/g")}), 1);
  EXPECT_EQ(threads_at(place("1111", 2.5, "/g"), {place("1111", 2.5, "/g")}), 2);
  EXPECT_EQ(
      threads_at(place("1100", 2.0, "/g"), {place("1100", 2.0, "/g"), place("0011", 2.0, "/g")}),
      1);
  // Each in its own group, as Slurm's tasks are: the quotas are not shared.
  EXPECT_EQ(
      threads_at(place("1100", 2.0, "/1"), {place("1100", 2.0, "/1"), place("0011", 2.0, "/2")}),
      2);
  EXPECT_EQ(threads_at(place("1111", 0.5, "/g"), {place("1111", 0.5, "/g")}), 1);
}

}  // namespace layout_test
}  // namespace switchyard
