// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A number is a function of (seed, purpose, step, index) and of nothing else,
// so no layout can change it.
#pragma once

#include <array>
#include <cstdint>

namespace switchyard {

using Philox = std::array<std::uint32_t, 4>;
Philox philox(Philox counter, std::array<std::uint32_t, 2> key);

enum class Purpose : std::uint32_t {
  init = 1,
  data_order = 2,
  sampling = 3,
  gate_noise = 4,
  gate_jitter = 5,
  gate_hash = 6
};

class Random {
 public:
  Random(std::uint64_t seed, Purpose purpose, std::uint64_t step = 0);

  Philox bits(std::uint64_t index) const;
  double uniform(std::uint64_t index) const;  // in [0, 1), 53 bits
  double normal(std::uint64_t index) const;   // mean 0, variance 1

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
