#include "launch/planning/plan_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard::plan {
namespace plan_layout_test {

using testing::HasSubstr;

constexpr PlanLayout one_process{1, 1, 1};

std::string layout(const PlanLayout& asked, const PlanLayout& here = one_process) {
  try {
    const PlanLayout found = complete_layout(asked, here);
    EXPECT_EQ(found.ranks, found.nodes * found.ranks_per_node);
    return std::to_string(found.nodes) + " of " + std::to_string(found.ranks_per_node);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
}

TEST(PlanLayout, TwoNumbersGiveTheThird) {
  EXPECT_EQ(layout({0, 2, 4}), "2 of 4");
  EXPECT_EQ(layout({8, 2, 0}), "2 of 4");
  EXPECT_EQ(layout({8, 0, 4}), "2 of 4");
  EXPECT_EQ(layout({8, 2, 4}), "2 of 4");
}

TEST(PlanLayout, WhatIsMissingIsAsHere) {
  EXPECT_EQ(layout({}), "1 of 1");
  EXPECT_EQ(layout({8, 0, 0}), "1 of 8");
  EXPECT_EQ(layout({0, 2, 0}, {4, 1, 4}), "2 of 2");
}

TEST(PlanLayout, UnevenNodesAreRefused) {
  EXPECT_THAT(layout({8, 3, 0}), HasSubstr("use 6 or 9 ranks"));
  EXPECT_THAT(layout({2, 0, 8}), HasSubstr("do not fill nodes of 8"));
  EXPECT_THAT(layout({0, 2, 0}), HasSubstr("use 2 ranks"));
}

TEST(PlanLayout, ContradictionsAreRefused) {
  EXPECT_THAT(layout({7, 2, 4}), HasSubstr("8 ranks, and not --ranks 7"));
  EXPECT_THAT(layout({0, 1 << 20, 1 << 20}), HasSubstr("more than"));
}

}  // namespace plan_layout_test
}  // namespace switchyard::plan
