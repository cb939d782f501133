#include "runtime/random.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
namespace {

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

}  // namespace

std::uint64_t key_of_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

Random::Random(std::uint64_t seed, Purpose purpose, std::uint64_t step)
    : key_(philox({low(step), high(step), static_cast<std::uint32_t>(purpose), 0},
                  {low(seed), high(seed)})) {}

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
