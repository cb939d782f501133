#include "io/prepare/words/cut.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace cut_test {

using Cuts = std::vector<Cut>;

TEST(Cut, OverlappingAndTouchingOnesAreUnited) {
  EXPECT_EQ(united({{8, 9}, {1, 3}, {3, 5}, {4, 6}, {4, 5}}), (Cuts{{1, 6}, {8, 9}}));
}

TEST(Cut, ByteBetweenKeepsThemApart) {
  EXPECT_EQ(united({{1, 3}, {4, 5}}), (Cuts{{1, 3}, {4, 5}}));
  EXPECT_EQ(united({}), Cuts{});
}

}  // namespace cut_test
}  // namespace switchyard::prepare
