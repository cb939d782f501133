#include "runtime/math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace switchyard {
namespace math_test {

constexpr float infinity = std::numeric_limits<float>::infinity();

// The distance of `actual` from `exact` in units of the last place of `exact` as an f32.
double units_off(float actual, double exact) {
  const int exponent = std::max(std::ilogb(exact), -126);
  return std::abs(static_cast<double>(actual) - exact) / std::ldexp(1.0, exponent - 23);
}

// Every `stride`-th f32 of [first, last], both positive.
std::vector<float> floats_between(float first, float last, std::uint32_t stride) {
  std::vector<float> x;
  const auto end = std::bit_cast<std::uint32_t>(last);
  for (auto bits = std::bit_cast<std::uint32_t>(first); bits <= end; bits += stride) {
    x.push_back(std::bit_cast<float>(bits));
  }
  return x;
}

template <class Function, class Exact>
double worst_units_off(const std::vector<float>& x, Function function, Exact exact) {
  double worst = 0.0;
  for (const float value : x) {
    worst = std::max(worst, units_off(function(value), exact(static_cast<double>(value))));
  }
  return worst;
}

std::vector<float> negated(std::vector<float> x) {
  for (float& value : x) value = -value;
  return x;
}

double exact_exp(double x) { return std::exp(x); }
double exact_log(double x) { return std::log(x); }

TEST(Exp, PositiveArgumentsAreWithinTwoUnits) {
  const auto x = floats_between(1e-10F, 88.7F, 101);
  EXPECT_GT(x.size(), 3'000'000U);
  EXPECT_LE(worst_units_off(x, exp_f32, exact_exp), 2.0);
}

TEST(Exp, NegativeArgumentsAreWithinTwoUnits) {
  const auto x = negated(floats_between(1e-10F, 87.3F, 101));
  EXPECT_GT(x.size(), 3'000'000U);
  EXPECT_LE(worst_units_off(x, exp_f32, exact_exp), 2.0);
}

TEST(Exp, EdgesAreDefined) {
  EXPECT_EQ(exp_f32(0.0F), 1.0F);
  EXPECT_EQ(exp_f32(-0.0F), 1.0F);
  EXPECT_EQ(exp_f32(-87.4F), 0.0F);
  EXPECT_EQ(exp_f32(-infinity), 0.0F);
  EXPECT_EQ(exp_f32(88.8F), exp_f32(88.7F));
  EXPECT_EQ(exp_f32(infinity), exp_f32(88.7F));
  EXPECT_TRUE(std::isfinite(exp_f32(infinity)));
  EXPECT_TRUE(std::isnan(exp_f32(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Exp, ResultsAreNormalOrZero) { EXPECT_TRUE(std::isnormal(exp_f32(-87.3F))); }

TEST(Log, NormalArgumentsAreWithinTwoUnits) {
  const auto x =
      floats_between(std::numeric_limits<float>::min(), std::numeric_limits<float>::max(), 499);
  EXPECT_GT(x.size(), 4'000'000U);
  EXPECT_LE(worst_units_off(x, log_f32, exact_log), 2.0);
}

TEST(Log, ArgumentsNearOneAreWithinTwoUnits) {
  EXPECT_LE(worst_units_off(floats_between(0.5F, 2.0F, 7), log_f32, exact_log), 2.0);
}

TEST(Log, OfOneIsZero) { EXPECT_EQ(log_f32(1.0F), 0.0F); }

TEST(Sigmoid, IsOneHalfAtZeroAndEndsAtZeroAndOne) {
  EXPECT_EQ(sigmoid_f32(0.0F), 0.5F);
  EXPECT_EQ(sigmoid_f32(100.0F), 1.0F);
  EXPECT_LT(sigmoid_f32(-100.0F), 1e-37F);
}

// Vectorised for the widest instruction set of this machine.
SWITCHYARD_MULTIVERSION
void exp_all(const float* x, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = exp_f32(x[i]);
}
SWITCHYARD_MULTIVERSION
void log_all(const float* x, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = log_f32(x[i]);
}

template <class Function>
std::int64_t num_other_bits(const std::vector<float>& x,
                            void (*all)(const float*, std::int64_t, float*), Function function) {
  std::vector<float> wide(x.size());
  all(x.data(), std::ssize(x), wide.data());
  std::int64_t differ = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const volatile float one = x[i];  // one at a time: the compiler may not vectorise this loop
    differ += std::bit_cast<std::uint32_t>(function(one)) != std::bit_cast<std::uint32_t>(wide[i]);
  }
  return differ;
}

TEST(Exp, VectorLoopGivesTheBitsOfOneCall) {
  auto x = floats_between(1e-10F, 200.0F, 997);
  const auto below = negated(x);
  x.insert(x.end(), below.begin(), below.end());
  x.insert(x.end(), {0.0F, -0.0F, infinity, -infinity});
  EXPECT_EQ(num_other_bits(x, exp_all, exp_f32), 0);
}

TEST(Log, VectorLoopGivesTheBitsOfOneCall) {
  const auto x =
      floats_between(std::numeric_limits<float>::min(), std::numeric_limits<float>::max(), 1999);
  EXPECT_EQ(num_other_bits(x, log_all, log_f32), 0);
}

}  // namespace math_test
}  // namespace switchyard
