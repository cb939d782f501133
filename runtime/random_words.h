// Many random words at once, by vector instructions.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "runtime/random.h"

namespace switchyard {

// Those of Random(seed, purpose, step): word 4 i + j of a fill is bits(first + i)[j].
class RandomWords {
 public:
  RandomWords(std::uint64_t seed, Purpose purpose, std::uint64_t step = 0);

  // Word j of block i is that of philox() at {low(i), high(i), key[2], key[3]} with the key
  // {key[0], key[1]}, as for Random.
  explicit RandomWords(Philox key) : key_(key) {}

  // Requires: out.size() is a multiple of 4.
  void fill(std::uint64_t first, std::span<std::uint32_t> out) const;

 private:
  Philox key_;
};

}  // namespace switchyard
