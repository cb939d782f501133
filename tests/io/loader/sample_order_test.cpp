#include "io/loader/sample_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/io/scratch.h"

namespace switchyard {
namespace sample_order_test {

std::vector<std::int64_t> epoch_of(const SampleOrder& order, std::int64_t epoch) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < order.epoch_size(); ++i) {
    rows.push_back(order.row(epoch * order.epoch_size() + i));
  }
  return rows;
}

// How often each row comes in an epoch.
std::vector<std::int64_t> counts_of(const SampleOrder& order, std::int64_t epoch,
                                    std::size_t num_rows) {
  std::vector<std::int64_t> counts(num_rows);
  for (const std::int64_t row : epoch_of(order, epoch)) ++counts.at(static_cast<std::size_t>(row));
  return counts;
}

// The chance of a chi-square as large as this, by Wilson and Hilferty (1931).
double chance_of(double chi_square, double freedom) {
  const double z = (std::cbrt(chi_square / freedom) - (1.0 - 2.0 / (9.0 * freedom))) /
                   std::sqrt(2.0 / (9.0 * freedom));
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

double chi_square(const std::vector<double>& counts, double expected) {
  double sum = 0.0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

TEST(SampleOrder, EachRowComesOnceInAnEpoch) {
  const SampleOrder order({{100, 1.0}, {0, 1.0}, {37, 1.0}}, 5);
  EXPECT_EQ(order.epoch_size(), 137);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_EQ(counts_of(order, epoch, 137), std::vector<std::int64_t>(137, 1));
  }
}

TEST(SampleOrder, EpochsAndSeedsHaveOrdersOfTheirOwn) {
  const SampleOrder one({{100, 1.0}}, 1), other({{100, 1.0}}, 2);
  EXPECT_NE(epoch_of(one, 0), epoch_of(one, 1));
  EXPECT_NE(epoch_of(one, 0), epoch_of(other, 0));
  EXPECT_EQ(epoch_of(one, 7), epoch_of(SampleOrder({{100, 1.0}}, 1), 7));
}

TEST(SampleOrder, WeightIsPassesAndAChosenFraction) {
  const SampleOrder order({{100, 2.25}, {40, 1.0}, {10, 0.5}}, 5);
  EXPECT_EQ(order.epoch_size(), 225 + 40 + 5);
  const auto counts = counts_of(order, 0, 150);
  EXPECT_EQ(std::count(counts.begin(), counts.begin() + 100, 3), 25);
  EXPECT_EQ(std::count(counts.begin(), counts.begin() + 100, 2), 75);
  EXPECT_EQ(std::count(counts.begin() + 100, counts.begin() + 140, 1), 40);
  EXPECT_EQ(std::count(counts.begin() + 140, counts.end(), 1), 5);
}

TEST(SampleOrder, FractionIsChosenAnewInEachEpochAndSource) {
  const SampleOrder order({{100, 0.5}, {100, 0.5}}, 5);
  const auto first = counts_of(order, 0, 200), second = counts_of(order, 1, 200);
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::equal(first.begin(), first.begin() + 100, first.begin() + 100));
}

TEST(SampleOrder, EveryRowIsChosenAsOften) {
  const SampleOrder order({{40, 0.25}}, 9);
  std::vector<double> counts(40);
  for (std::int64_t i = 0; i < 4000 * order.epoch_size(); ++i) {
    counts[static_cast<std::size_t>(order.row(i))] += 1.0;
  }
  EXPECT_GT(chance_of(chi_square(counts, 1000.0), 39.0), 0.001);
}

TEST(SampleOrder, WeightZeroExcludesASource) {
  const SampleOrder order({{100, 0.0}, {40, 1.0}}, 5);
  EXPECT_EQ(order.epoch_size(), 40);
  for (const std::int64_t row : epoch_of(order, 0)) EXPECT_GE(row, 100);
}

TEST(SampleOrder, NothingLeftIsAUsageError) {
  EXPECT_EQ(thrown_by([] { SampleOrder({{100, 0.0}}, 5); }).code, Exit::usage);
  EXPECT_EQ(thrown_by([] { SampleOrder({{0, 1.0}}, 5); }).code, Exit::usage);
  EXPECT_EQ(thrown_by([] { SampleOrder({}, 5); }).code, Exit::usage);
}

TEST(SampleOrder, WeightsOutOfRangeAreUsageErrors) {
  for (const double weight : {-0.5, 1e7, std::nan("")}) {
    EXPECT_EQ(thrown_by([&] { SampleOrder({{100, weight}}, 5); }).code, Exit::usage) << weight;
  }
}

TEST(SampleOrder, WeightsAreFoundByName) {
  const std::vector<std::string> sources{"web", "code", "web"};
  EXPECT_EQ(weights_of(sources, {{"web", 0.5}}), (std::vector<double>{0.5, 1.0, 0.5}));
  const Thrown thrown = thrown_by([&] { weights_of(sources, {{"wbe", 0.5}}); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("'wbe'"), std::string::npos) << thrown.message;
  EXPECT_NE(thrown.message.find("web, code"), std::string::npos) << thrown.message;
}

TEST(SampleOrder, IsAFunctionOfTheSampleAloneFarIntoARun) {
  const SampleOrder order({{1000000000, 1.5}}, 3);
  for (const std::int64_t sample :
       {std::int64_t{0}, std::int64_t{99999999}, std::int64_t{1} << 40, std::int64_t{1} << 62}) {
    const std::int64_t row = order.row(sample);
    EXPECT_GE(row, 0);
    EXPECT_LT(row, 1000000000);
    EXPECT_EQ(SampleOrder({{1000000000, 1.5}}, 3).row(sample), row);
  }
}

// D5, over 1000 seeds: every row at every place as often.
TEST(ShuffleQuality, PositionsAreUniform) {
  constexpr std::int64_t size = 24;
  std::vector<double> counts(size * size);
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto rows = epoch_of(SampleOrder({{size, 1.0}}, seed), 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      counts[i * size + static_cast<std::size_t>(rows[i])] += 1.0;
    }
  }
  EXPECT_GT(chance_of(chi_square(counts, 1000.0 / size), (size - 1.0) * (size - 1.0)), 0.001);
}

// D5: any row after any other, at a distance of one or more, as often.
TEST(ShuffleQuality, PairsAtEveryLagAreUniform) {
  constexpr std::int64_t size = 24;
  for (const std::size_t lag : {1, 2, 3, 7}) {
    std::vector<double> counts(size * size);
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
      const auto rows = epoch_of(SampleOrder({{size, 1.0}}, seed), 1);
      for (std::size_t i = 0; i + lag < rows.size(); ++i) {
        counts[static_cast<std::size_t>(rows[i] * size + rows[i + lag])] += 1.0;
      }
    }
    std::vector<double> pairs;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (i / size != i % size) pairs.push_back(counts[i]);
    }
    const double expected = 1000.0 * static_cast<double>(size - lag) / (size * (size - 1.0));
    EXPECT_GT(chance_of(chi_square(pairs, expected), static_cast<double>(pairs.size() - 1)), 0.001)
        << lag;
  }
}

// D5: of two sources of one size, the longest run within 2,000 rows is longer than 25 once in 10^4
// times or so.
TEST(ShuffleQuality, NoSourceRunsLong) {
  std::int64_t longest = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::int64_t run = 0;
    std::int64_t last = -1;
    for (const std::int64_t row : epoch_of(SampleOrder({{1000, 1.0}, {1000, 1.0}}, seed), 0)) {
      run = row / 1000 == last ? run + 1 : 1;
      last = row / 1000;
      longest = std::max(longest, run);
    }
  }
  EXPECT_LE(longest, 25);
  EXPECT_GE(longest, 8);
}

}  // namespace sample_order_test
}  // namespace switchyard
