#include "runtime/sum16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "runtime/hd.h"

namespace switchyard {
namespace sum16_test {

SWITCHYARD_MULTIVERSION
float sum_of(const float* x, std::int64_t count) {
  return sum16<float>(count, [&](std::int64_t i) { return x[i]; });
}

// The definition, one addition at a time.
float lane_by_lane(const std::vector<float>& x) {
  float lane[16] = {};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const volatile float next = lane[i % 16] + x[i];
    lane[i % 16] = next;
  }
  for (int width = 8; width >= 1; width /= 2) {
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  }
  return lane[0];
}

std::vector<float> waves(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = std::sin(static_cast<float>(i)) * 1e3F;
  return x;
}

TEST(Sum16, OfNothingIsZero) { EXPECT_EQ(sum_of(nullptr, 0), 0.0F); }

TEST(Sum16, OrderIsFixedByTheLengthAlone) {
  for (const std::size_t count : {1, 15, 16, 17, 31, 32, 100, 4096, 4099}) {
    const std::vector<float> x = waves(count);
    EXPECT_EQ(sum_of(x.data(), std::ssize(x)), lane_by_lane(x)) << count;
  }
}

TEST(Sum16, CountsEveryElementOnce) {
  for (std::int64_t count = 0; count < 70; ++count) {
    const auto sum = sum16<std::int64_t>(count, [](std::int64_t i) { return i + 1; });
    EXPECT_EQ(sum, count * (count + 1) / 2);
  }
}

}  // namespace sum16_test
}  // namespace switchyard
