#include "runtime/exact_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "runtime/error.h"

namespace switchyard {
namespace exact_sum_test {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// The fixed point of `x` alone, or nothing if it was refused.
std::vector<std::int64_t> fixed_of(float x, const FixedPoint& format) {
  std::int64_t sum = 0;
  if (!add_fixed({&sum, 1}, {&x, 1}, format)) return {};
  return {sum};
}

std::vector<float> gradient_like(std::size_t count, std::uint32_t seed) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  std::uniform_int_distribution<int> exponent(-30, 2);
  std::vector<float> x(count);
  for (float& value : x) value = std::ldexp(normal(bits), exponent(bits));
  return x;
}

TEST(FixedPoint, ScaleGrowsWithTheTokensOfAStep) {
  EXPECT_EQ(fixed_point_for(1, 1).bits, 40);
  EXPECT_EQ(fixed_point_for(512, 1).bits, 40);
  EXPECT_EQ(fixed_point_for(1024, 1).bits, 40);
  EXPECT_EQ(fixed_point_for(1025, 1).bits, 41);
  EXPECT_EQ(fixed_point_for(2048, 1).bits, 41);
  EXPECT_EQ(fixed_point_for(2049, 1).bits, 42);
}

TEST(FixedPoint, LimitKeepsTheWholeSumBelowTwoTo62) {
  EXPECT_EQ(fixed_point_for(1024, 1).limit, 0x1p22);
  EXPECT_EQ(fixed_point_for(1024, 64).limit, 0x1p16);
  EXPECT_EQ(fixed_point_for(2048, 64).limit, 0x1p15);
}

TEST(FixedPoint, RefusesAStepOfNothing) {
  EXPECT_THROW(fixed_point_for(0, 1), Error);
  EXPECT_THROW(fixed_point_for(1024, 0), Error);
}

TEST(FixedPoint, ValueUndoesFixed) {
  const FixedPoint format = fixed_point_for(1024, 16);
  for (const double x : {0.0, 1.0, -1.0, 0.3125, -12345.5}) {
    EXPECT_EQ(format.value(format.fixed(x)), x);
  }
}

TEST(AddFixed, OrderDoesNotMatter) {
  const FixedPoint format = fixed_point_for(1024, 4096);
  std::vector<float> x = gradient_like(4096, 1);
  std::vector<std::int64_t> sums;
  std::mt19937 bits(2);
  for (int trial = 0; trial < 5; ++trial) {
    std::int64_t sum = 0;
    for (const float value : x) EXPECT_TRUE(add_fixed({&sum, 1}, {&value, 1}, format));
    sums.push_back(sum);
    std::shuffle(x.begin(), x.end(), bits);
  }
  EXPECT_EQ(sums, std::vector<std::int64_t>(5, sums[0]));
}

TEST(AddFixed, SplitDoesNotMatter) {
  constexpr std::size_t count = 3000, num_addends = 12;
  const FixedPoint format = fixed_point_for(1024, num_addends);
  std::vector<std::int64_t> whole(count);
  std::vector<std::vector<std::int64_t>> ranks(5, std::vector<std::int64_t>(count));
  for (std::uint32_t i = 0; i < num_addends; ++i) {
    const std::vector<float> x = gradient_like(count, i);
    EXPECT_TRUE(add_fixed(whole, x, format));
    // Another rank for each addend, in two parts that do not meet the borders of the inner loops.
    auto& rank = ranks[i * 7 % ranks.size()];
    const std::size_t cut = 1 + i * 251;
    EXPECT_TRUE(add_fixed(std::span(rank).first(cut), std::span(x).first(cut), format));
    EXPECT_TRUE(add_fixed(std::span(rank).subspan(cut), std::span(x).subspan(cut), format));
  }
  std::vector<std::int64_t> joined(count);
  for (auto rank = ranks.rbegin(); rank != ranks.rend(); ++rank) {
    for (std::size_t i = 0; i < count; ++i) joined[i] += (*rank)[i];
  }
  EXPECT_EQ(joined, whole);
}

TEST(AddFixed, RoundsTiesToEven) {
  const FixedPoint format{.bits = 1, .limit = 1e6};
  EXPECT_EQ(fixed_of(0.25F, format), std::vector<std::int64_t>{0});
  EXPECT_EQ(fixed_of(0.75F, format), std::vector<std::int64_t>{2});
  EXPECT_EQ(fixed_of(1.25F, format), std::vector<std::int64_t>{2});
  EXPECT_EQ(fixed_of(-0.25F, format), std::vector<std::int64_t>{0});
  EXPECT_EQ(fixed_of(-0.75F, format), std::vector<std::int64_t>{-2});
}

TEST(AddFixed, FastPathEqualsTheDefinition) {
  const FixedPoint format = fixed_point_for(1024, 16);
  std::vector<float> x = gradient_like(100'000, 3);
  for (const float edge : {0x1p11F, std::nextafter(0x1p11F, 0.0F), 0x1p-41F, 0x3p-41F, 0x1p-42F,
                           std::numeric_limits<float>::denorm_min()}) {
    x.insert(x.end(), {edge, -edge});  // |x| * 2^40 = 2^51 is where the fast path ends
  }
  std::vector<std::int64_t> sum(x.size());
  EXPECT_TRUE(add_fixed(sum, x, format));
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(sum[i], std::llrint(static_cast<long double>(x[i]) * 0x1p40L)) << x[i];
  }
}

TEST(AddFixed, LargeNeighboursDoNotChangeAnElement) {
  const FixedPoint format = fixed_point_for(1024, 16);
  const std::vector<float> x = gradient_like(1000, 4);
  std::vector<float> mixed = x;
  mixed[500] = 0x1.8p15F;  // sends the whole chunk down the slow path
  std::vector<std::int64_t> fast(x.size()), slow(x.size());
  EXPECT_TRUE(add_fixed(fast, x, format));
  EXPECT_TRUE(add_fixed(slow, mixed, format));
  EXPECT_EQ(slow[500], std::int64_t{3} << 54);
  slow[500] = fast[500];
  EXPECT_EQ(slow, fast);
}

TEST(AddFixed, LimitIsExclusive) {
  const FixedPoint format = fixed_point_for(1024, 16);
  const auto limit = static_cast<float>(format.limit);
  const float below = std::nextafter(limit, 0.0F);
  EXPECT_TRUE(fixed_of(limit, format).empty());
  EXPECT_TRUE(fixed_of(-limit, format).empty());
  EXPECT_EQ(fixed_of(below, format), std::vector{format.fixed(below)});
  EXPECT_EQ(fixed_of(-below, format), std::vector{-format.fixed(below)});
}

TEST(AddFixed, LimitHoldsWhereItIsBelowTheFastPath) {
  const FixedPoint format = fixed_point_for(1024, 1 << 16);
  EXPECT_TRUE(fixed_of(static_cast<float>(format.limit), format).empty());
  EXPECT_FALSE(fixed_of(static_cast<float>(format.limit) * 0.99F, format).empty());
}

TEST(AddFixed, RefusedElementsAddNothing) {
  const FixedPoint format = fixed_point_for(1024, 16);
  for (const float bad : {nan, -nan, infinity, -infinity, 1e30F}) {
    std::vector<float> x(20, 1.0F);
    x[7] = bad;
    std::vector<std::int64_t> sum(20, 5);
    EXPECT_FALSE(add_fixed(sum, x, format)) << bad;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      EXPECT_EQ(sum[i], i == 7 ? 5 : 5 + (std::int64_t{1} << 40)) << i;
    }
  }
}

TEST(AddFixed, RefusalInOnePartIsNotForgotten) {
  const FixedPoint format = fixed_point_for(1024, 16);
  std::vector<float> x(5000, 1.0F);
  x[0] = nan;
  std::vector<std::int64_t> sum(x.size());
  EXPECT_FALSE(add_fixed(sum, x, format));
}

TEST(AddFixed, NoPartialSumWrapsAtTheLimit) {
  constexpr int num_addends = 4096;
  const FixedPoint format = fixed_point_for(1024, num_addends);
  const float largest = std::nextafter(static_cast<float>(format.limit), 0.0F);
  std::int64_t sum = 0;
  for (int i = 0; i < num_addends; ++i) EXPECT_TRUE(add_fixed({&sum, 1}, {&largest, 1}, format));
  EXPECT_EQ(sum, num_addends * format.fixed(largest));
  EXPECT_LE(sum, std::int64_t{1} << 62);
}

TEST(AddFixed, RefusesUnequalSizes) {
  std::vector<std::int64_t> sum(3);
  const std::vector<float> x(4);
  EXPECT_THROW(add_fixed(sum, x, FixedPoint{}), Error);
}

}  // namespace exact_sum_test
}  // namespace switchyard
