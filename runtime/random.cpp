#include "runtime/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
namespace {

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

// ln x for x in (0, 1), from basic arithmetic alone: libm's may differ in the last bit from machine
// to machine.
double natural_log(double x) {
  int exponent = 0;
  const double m = std::frexp(x, &exponent);  // [0.5, 1)
  const double t = (m - 0.75) / (m + 0.75);   // ln m = ln 0.75 + 2 atanh t, |t| <= 0.2
  const double t2 = t * t;
  double series = 0.0;
  for (int k = 23; k >= 1; k -= 2) series = series * t2 + 1.0 / k;
  return 2.0 * t * series - 0.28768207245178092744 + exponent * 0.69314718055994530942;
}

// Inverse of the normal distribution function: Wichura, "The percentage points of the normal
// distribution", AS 241 (1988), routine PPND7, about 1 part in 10^7.
double normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
           (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
  }
  double r = std::sqrt(-natural_log(q < 0 ? p : 1.0 - p));
  double z;
  if (r <= 5.0) {
    r -= 1.6;
    z = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
        ((0.12021132975 * r + 0.73700164250) * r + 1.0);
  } else {
    r -= 5.0;
    z = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
        ((0.012258202635 * r + 0.24197894225) * r + 1.0);
  }
  return q < 0 ? -z : z;
}

}  // namespace

Philox philox(Philox counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t left = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t right = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(right >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(right),
               static_cast<std::uint32_t>(left >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(left)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

Random::Random(std::uint64_t seed, Purpose purpose, std::uint64_t step)
    : key_(philox({low(step), high(step), static_cast<std::uint32_t>(purpose), 0},
                  {low(seed), high(seed)})) {}

Philox Random::bits(std::uint64_t index) const {
  return philox({low(index), high(index), key_[2], key_[3]}, {key_[0], key_[1]});
}

double Random::uniform(std::uint64_t index) const {
  const Philox word = bits(index);
  return static_cast<double>((std::uint64_t{word[0]} << 21) ^ (word[1] >> 11)) * 0x1p-53;
}

double Random::normal(std::uint64_t index) const {
  return normal_quantile(std::max(uniform(index), 0x1p-54));
}

Permutation::Permutation(std::uint64_t count, std::uint64_t seed, std::uint64_t round)
    : count_(count), random_(seed, Purpose::data_order, round) {
  require(count >= 1, "a permutation of nothing");
  half_bits_ = std::max(1, (static_cast<int>(std::bit_width(count - 1)) + 1) / 2);
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  require(index < count_, "index {} of a permutation of {}", index, count_);
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  do {  // the domain is at most four times count: walk until inside again
    std::uint64_t left = index >> half_bits_, right = index & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const Philox word = random_.bits((round << 40) ^ right);
      left = std::exchange(right, left ^ (word[0] & mask));
    }
    index = (left << half_bits_) | right;
  } while (index >= count_);
  return index;
}

}  // namespace switchyard
