// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A number depends on (seed, purpose, step, index) and on nothing else, so
// no layout can change it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "runtime/normal.h"

namespace switchyard {

using Philox = std::array<std::uint32_t, 4>;
SWITCHYARD_HD inline Philox philox(Philox counter, std::array<std::uint32_t, 2> key) {
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

enum class Purpose : std::uint32_t {
  init = 1,
  data_order = 2,
  sampling = 3,
  gate_noise = 4,
  gate_jitter = 5,
  gate_hash = 6,
  moment_rounding = 7,
  weight_mask = 8,
  dropout = 9,
  objective = 10,
  merge_drop = 11,
  guide = 12,
  subspace = 13,
  corruption = 14,
  monitor = 20,
  input_noise = 21,
  bootstrap = 22,
  value_rounding = 23
};

// FNV-1a of the bytes of a name: the index of what is named in random numbers.
std::uint64_t key_of_name(std::string_view name);

class Random {
 public:
  Random(std::uint64_t seed, Purpose purpose, std::uint64_t step = 0);

  SWITCHYARD_HD Philox bits(std::uint64_t index) const {
    return philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                   key_[2], key_[3]},
                  {key_[0], key_[1]});
  }
  SWITCHYARD_HD double uniform(std::uint64_t index) const {  // in [0, 1), 53 bits
    const Philox word = bits(index);
    return static_cast<double>((std::uint64_t{word[0]} << 21) ^ (word[1] >> 11)) * 0x1p-53;
  }
  SWITCHYARD_HD double normal(std::uint64_t index) const {  // mean 0, variance 1
    return normal_quantile(std::max(uniform(index), 0x1p-54));
  }

 private:
  Philox key_;  // (seed, purpose, step) as one block, so that all 64 bits of each count
};

// A bijection of [0, count) chosen by (seed, round): a Feistel network with cycle walking. No
// table, O(1) memory.
class Permutation {
 public:
  Permutation(std::uint64_t count, std::uint64_t seed, std::uint64_t round);
  std::uint64_t operator()(std::uint64_t index) const;  // Requires index < count.

 private:
  std::uint64_t count_;
  Random random_;
  int half_bits_ = 0;
};

}  // namespace switchyard
