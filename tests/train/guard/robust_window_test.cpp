#include "train/guard/robust_window.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard {
namespace robust_window_test {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(RobustWindow, HalfOfItMayBeWild) {
  RobustWindow window(9, 0.01);
  for (const double value : {2.0, 2.1, 1e30, 1.9, 1e30, 2.0, 1e30, 2.2, 1e30}) window.add(value);
  EXPECT_LT(window.median(), 2.3);
  EXPECT_GT(window.deviations(10.0), 6.0);
}

TEST(RobustWindow, MeasuresALogNormalDistributionInStandardDeviations) {
  RobustWindow window(1000, 0.01);
  const Random random(3, Purpose::init);
  for (std::uint64_t i = 0; i < 1000; ++i) window.add(50.0 * std::exp(0.1 * random.normal(i)));
  EXPECT_NEAR(window.deviations(50.0 * std::exp(0.3)), 3.0, 0.2);
}

TEST(RobustWindow, KnowsItsTail) {
  RobustWindow window(8, 0.1);
  for (const double value : {1.0, 1.01, 5.0, 0.99, 1.0, 5.0, 1.0, 1.02}) window.add(value);
  EXPECT_EQ(window.num_beyond(6.0, 0.0), 2);
  EXPECT_EQ(window.num_beyond(6.0, 5.0), 0);
  EXPECT_TRUE(window.reaches(5.0 * std::exp(0.59), 6.0));
  EXPECT_FALSE(window.reaches(5.0 * std::exp(0.61), 6.0));
}

TEST(RobustWindow, HasNoOpinionBeforeAQuarterAndTakesNoNaN) {
  RobustWindow window(8, 0.01);
  window.add(1.0);
  EXPECT_EQ(window.deviations(1e9), 0.0);
  window.add(1.0);
  EXPECT_GT(window.deviations(1e9), 6.0);
  EXPECT_THROW(window.add(nan), Error);
}

}  // namespace robust_window_test
}  // namespace switchyard
