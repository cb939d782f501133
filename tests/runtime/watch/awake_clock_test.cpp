#include "runtime/watch/awake_clock.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace awake_clock_test {

using namespace std::chrono_literals;

constexpr AwakeClock::Time start{};

TEST(AwakeClock, RunsWithTheOtherWhileItIsAsked) {
  AwakeClock clock(start);
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(clock.at(start + i * 200ms), start + i * 200ms);
}

TEST(AwakeClock, LeavesOutEveryPause) {
  AwakeClock clock(start);
  EXPECT_EQ(clock.at(start + 1s), start + 1s);
  EXPECT_EQ(clock.at(start + 66s), start + 1s);
  EXPECT_EQ(clock.at(start + 67s), start + 2s);
  EXPECT_EQ(clock.at(start + 100s), start + 2s);
}

}  // namespace awake_clock_test
}  // namespace switchyard
