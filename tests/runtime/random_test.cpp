#include "runtime/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "runtime/error.h"
#include "runtime/random_normals.h"
#include "runtime/random_words.h"

namespace switchyard {
namespace random_test {

// Known answers of philox4x32-10 in the Random123 distribution (kat_vectors).
TEST(Philox, KnownAnswerOfZeros) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Philox{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(Philox, KnownAnswerOfOnes) {
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (Philox{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Philox, KnownAnswerOfPi) {
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Philox{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, ManyWordsAreThoseOfOneAtATime) {
  const Random random(5, Purpose::merge_drop, 0xfedcba9876543210);
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xfffffff7}}) {
    std::vector<std::uint32_t> words(4 * 37);
    RandomWords(5, Purpose::merge_drop, 0xfedcba9876543210).fill(first, words);
    for (std::size_t i = 0; i < words.size(); ++i)
      EXPECT_EQ(words[i], random.bits(first + i / 4)[i % 4]) << i;
  }
}

// In whole vectors and in what is left over, in the middle and in both tails.
TEST(Random, ManyNormalsAreThoseOfOneAtATime) {
  const Random random(5, Purpose::init, 0xfedcba9876543210);
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xfffffff7}}) {
    std::vector<float> normals(300'007);
    fill_normals(5, Purpose::init, 0xfedcba9876543210, first, 0.02, normals);
    for (std::size_t i = 0; i < normals.size(); ++i)
      ASSERT_EQ(normals[i], static_cast<float>(random.normal(first + i) * 0.02)) << i;
  }
}

TEST(Random, EveryPartOfTheKeyCounts) {
  const Philox base = Random(1, Purpose::init, 2).bits(3);
  EXPECT_EQ(Random(1, Purpose::init, 2).bits(3), base);
  constexpr std::uint64_t high = std::uint64_t{1} << 40;
  const std::set<Philox> all = {base,
                                Random(2, Purpose::init, 2).bits(3),
                                Random(1 + high, Purpose::init, 2).bits(3),
                                Random(1, Purpose::sampling, 2).bits(3),
                                Random(1, Purpose::init, 3).bits(3),
                                Random(1, Purpose::init, 2 + high).bits(3),
                                Random(1, Purpose::init, 2).bits(4),
                                Random(1, Purpose::init, 2).bits(3 + high)};
  EXPECT_EQ(all.size(), 8U);
}

// The sum over bins of (seen - expected)^2 / expected.
double chi_square(const std::vector<std::int64_t>& bins, double expected) {
  double sum = 0.0;
  for (const std::int64_t seen : bins) {
    sum +=
        (static_cast<double>(seen) - expected) * (static_cast<double>(seen) - expected) / expected;
  }
  return sum;
}

// 255 degrees of freedom: mean 255, deviation 22.6. The bounds are five deviations wide.
void expect_uniform(const std::vector<std::int64_t>& bins, double expected) {
  const double value = chi_square(bins, expected);
  EXPECT_GT(value, 142.0);
  EXPECT_LT(value, 368.0);
}

TEST(Random, UniformStaysInItsInterval) {
  const Random random(7, Purpose::init);
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const double u = random.uniform(i);
    EXPECT_TRUE(0.0 <= u && u < 1.0) << u;
  }
}

TEST(Random, UniformIsUniform) {
  const Random random(7, Purpose::init);
  std::vector<std::int64_t> leading(256), trailing(256);
  constexpr int count = 256'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    const double u = random.uniform(i);
    ++leading[static_cast<std::size_t>(u * 256)];
    ++trailing[static_cast<std::size_t>(std::fmod(u * 0x1p53, 256))];
  }
  expect_uniform(leading, count / 256.0);
  expect_uniform(trailing, count / 256.0);
}

TEST(Random, NormalHasTheMomentsOfTheNormalDistribution) {
  const Random random(11, Purpose::init);
  constexpr int count = 1'000'000;
  double sum[4] = {};
  for (std::uint64_t i = 0; i < count; ++i) {
    const double x = random.normal(i);
    double power = 1.0;
    for (double& moment : sum) moment += power *= x;
  }
  // Bounds are five standard errors: sqrt(1), sqrt(2), sqrt(15), sqrt(96) over sqrt(count).
  EXPECT_NEAR(sum[0] / count, 0.0, 0.005);
  EXPECT_NEAR(sum[1] / count, 1.0, 0.0071);
  EXPECT_NEAR(sum[2] / count, 0.0, 0.0194);
  EXPECT_NEAR(sum[3] / count, 3.0, 0.049);
}

TEST(Random, NormalInvertsTheDistributionFunction) {
  const Random random(13, Purpose::init);
  double worst = 0.0;
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const double u = random.uniform(i), x = random.normal(i);
    const double p = 0.5 * std::erfc(-x / std::sqrt(2.0));
    // The error in x, to first order: the error in p over the density.
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * M_PI);
    worst = std::max(worst, std::abs(p - u) / density / std::max(1.0, std::abs(x)));
  }
  EXPECT_LT(worst, 1e-6);
}

std::vector<std::uint64_t> table(const Permutation& permutation, std::uint64_t count) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < count; ++i) values.push_back(permutation(i));
  return values;
}

TEST(Permutation, IsABijection) {
  for (const std::uint64_t count : {1, 2, 3, 4, 5, 16, 17, 1000, 65536, 65537}) {
    std::vector<int> seen(count);
    for (const std::uint64_t value : table(Permutation(count, 5, 0), count)) {
      EXPECT_LT(value, count);
      if (value < count) ++seen[value];
    }
    EXPECT_EQ(seen, std::vector<int>(count, 1)) << count;
  }
}

TEST(Permutation, LargeCountsStayInside) {
  constexpr std::uint64_t count = (std::uint64_t{1} << 40) + 1;
  const Permutation permutation(count, 5, 0);
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_LT(permutation(count - 1 - i), count);
    seen.insert(permutation(count - 1 - i));
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Permutation, RoundsAndSeedsDiffer) {
  const auto base = table(Permutation(1000, 5, 0), 1000);
  EXPECT_EQ(table(Permutation(1000, 5, 0), 1000), base);
  EXPECT_NE(table(Permutation(1000, 5, 1), 1000), base);
  EXPECT_NE(table(Permutation(1000, 6, 0), 1000), base);
}

TEST(Permutation, EveryPlaceIsEquallyLikely) {
  constexpr std::uint64_t count = 256, num_rounds = 25'600;
  std::vector<std::int64_t> first(count), last(count);
  for (std::uint64_t round = 0; round < num_rounds; ++round) {
    const Permutation permutation(count, 9, round);
    ++first[permutation(0)];
    ++last[permutation(count - 1)];
  }
  expect_uniform(first, num_rounds / 256.0);
  expect_uniform(last, num_rounds / 256.0);
}

TEST(Permutation, RefusesAnIndexBeyondItsCount) {
  const Permutation permutation(10, 1, 1);
  EXPECT_THROW(permutation(10), Error);
  EXPECT_THROW(Permutation(0, 1, 1), Error);
}

}  // namespace random_test
}  // namespace switchyard
