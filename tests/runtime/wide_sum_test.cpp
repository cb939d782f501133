// WideSum of runtime/exact_sum.h, against an independent big integer.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "runtime/error.h"
#include "runtime/exact_sum.h"

namespace switchyard {
namespace wide_sum_test {

// A sum of doubles in units of 2^-1074, as two non-negative integers of bits: what is added and
// what is taken away.
class Oracle {
 public:
  void add(double x) {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const auto exponent = static_cast<int>(bits >> 52 & 0x7ff);
    std::uint64_t mantissa = bits & 0xfffffffffffff;
    if (exponent > 0) mantissa |= std::uint64_t{1} << 52;
    const std::size_t shift = exponent > 0 ? exponent - 1 : 0;
    auto& side = bits >> 63 ? negative_ : positive_;
    for (std::size_t i = 0; i < 53; ++i) {
      if (mantissa >> i & 1) add_bit(side, shift + i);
    }
  }
  double value() const {
    const bool is_negative = std::lexicographical_compare(positive_.rbegin(), positive_.rend(),
                                                          negative_.rbegin(), negative_.rend());
    const double size =
        is_negative ? difference(negative_, positive_) : difference(positive_, negative_);
    return is_negative ? -size : size;
  }

 private:
  using Bits = std::vector<int>;

  static void add_bit(Bits& bits, std::size_t at) {
    while (bits[at] == 1) bits[at++] = 0;
    bits[at] = 1;
  }
  // a - b for a >= b, truncated to the 60 leading bits: less than one unit in the last place off.
  static double difference(Bits a, const Bits& b) {
    for (std::size_t i = 0, borrow = 0; i < a.size(); ++i) {
      const int digit = a[i] - b[i] - static_cast<int>(borrow);
      borrow = digit < 0 ? 1 : 0;
      a[i] = digit & 1;
    }
    double value = 0.0;
    int left = 60;
    for (auto i = std::ssize(a) - 1; i >= 0 && left > 0; --i) {
      if (value != 0.0 || a[i] == 1) --left;
      if (a[i] == 1) value += std::ldexp(1.0, static_cast<int>(i) - 1074);
    }
    return value;
  }

  Bits positive_ = Bits(2200, 0), negative_ = Bits(2200, 0);
};

double sum_of(const std::vector<double>& x) {
  WideSum sum;
  for (const double value : x) sum.add(value);
  return sum.value();
}

void expect_within_one_unit(double actual, double expected) {
  EXPECT_GE(actual, std::nextafter(expected, -std::numeric_limits<double>::infinity()));
  EXPECT_LE(actual, std::nextafter(expected, std::numeric_limits<double>::infinity()));
}

// Random doubles whose exponent field is even over [0, highest): denormals included.
std::vector<double> random_doubles(int count, std::uint64_t highest, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::vector<double> x;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t sign_and_mantissa = bits() & 0x800fffffffffffff;
    x.push_back(std::bit_cast<double>(sign_and_mantissa | bits() % highest << 52));
  }
  return x;
}

TEST(WideSum, EmptyIsZero) { EXPECT_EQ(WideSum().value(), 0.0); }

TEST(WideSum, OneAddendComesBack) {
  for (const double x : random_doubles(20'000, 0x7ff, 1)) EXPECT_EQ(sum_of({x}), x);
}

TEST(WideSum, ExtremesComeBack) {
  using Limits = std::numeric_limits<double>;
  for (const double x : {Limits::denorm_min(), Limits::min(), Limits::max(), 1.0, 0.0}) {
    EXPECT_EQ(sum_of({x}), x);
    EXPECT_EQ(sum_of({-x}), -x);
  }
}

TEST(WideSum, EqualsTheOracleOverAllExponents) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Oracle oracle;
    const auto x = random_doubles(200, 0x7f0, seed);
    for (const double value : x) oracle.add(value);
    expect_within_one_unit(sum_of(x), oracle.value());
  }
}

TEST(WideSum, EqualsTheOracleNearTheDenormals) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Oracle oracle;
    const auto x = random_doubles(200, 60, seed);
    for (const double value : x) oracle.add(value);
    expect_within_one_unit(sum_of(x), oracle.value());
  }
}

TEST(WideSum, SumsOfDenormalsAreExact) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(sum_of(std::vector<double>(1000, tiny)), 1000 * tiny);
  EXPECT_EQ(sum_of({tiny, tiny, -3 * tiny}), -tiny);
}

TEST(WideSum, CancellationLosesNothing) {
  EXPECT_EQ(sum_of({1e308, 1.0, 1e-300, -1e308, -1.0}), 1e-300);
  EXPECT_EQ(sum_of({-1e308, 0x1p-1074, 1e308}), 0x1p-1074);
}

TEST(WideSum, CancelsToZero) {
  auto x = random_doubles(500, 0x7f0, 9);
  for (int i = 0; i < 500; ++i) x.push_back(-x[i]);
  EXPECT_EQ(sum_of(x), 0.0);
}

TEST(WideSum, NegativeSumMirrorsThePositive) {
  auto x = random_doubles(300, 0x400, 11);
  const double sum = sum_of(x);
  for (double& value : x) value = -value;
  EXPECT_EQ(sum_of(x), -sum);
}

TEST(WideSum, ManyEqualAddendsCarry) {
  const double x = std::nextafter(2.0, 0.0);
  EXPECT_EQ(sum_of(std::vector<double>(1 << 20, x)), std::ldexp(x, 20));
  EXPECT_EQ(sum_of(std::vector<double>(1 << 20, -x)), -std::ldexp(x, 20));
}

TEST(WideSum, OrderDoesNotMatter) {
  auto x = random_doubles(1000, 0x7f0, 5);
  const double sum = sum_of(x);
  std::mt19937 bits(6);
  for (int trial = 0; trial < 10; ++trial) {
    std::shuffle(x.begin(), x.end(), bits);
    EXPECT_EQ(sum_of(x), sum);
  }
}

TEST(WideSum, WordsAddAcrossRanks) {
  const auto x = random_doubles(999, 0x7f0, 7);
  std::vector<WideSum> ranks(3);
  for (std::size_t i = 0; i < x.size(); ++i) ranks[i % 3].add(x[i]);
  for (const std::size_t other : {2, 1}) {
    for (std::size_t i = 0; i < WideSum::num_words; ++i) {
      ranks[0].words()[i] += ranks[other].words()[i];
    }
  }
  EXPECT_EQ(ranks[0].value(), sum_of(x));
}

TEST(WideSum, RefusesWhatIsNotFinite) {
  WideSum sum;
  EXPECT_THROW(sum.add(std::numeric_limits<double>::infinity()), Error);
  EXPECT_THROW(sum.add(std::numeric_limits<double>::quiet_NaN()), Error);
  EXPECT_EQ(sum.value(), 0.0);
}

}  // namespace wide_sum_test
}  // namespace switchyard
