// Bitmap: one bit for each document of a generation, joined over ranks.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "runtime/comm/comm.h"

namespace switchyard::prepare {

class Bitmap {
 public:
  explicit Bitmap(std::int64_t count = 0) : bytes_(static_cast<std::size_t>((count + 7) / 8)) {}

  bool test(std::int64_t i) const { return (bytes_[i >> 3] >> (i & 7) & 1) != 0; }
  void set(std::int64_t i) { bytes_[i >> 3] |= static_cast<std::uint8_t>(1U << (i & 7)); }

  // Bits set in [begin, end).
  std::int64_t count(std::int64_t begin, std::int64_t end) const {
    std::int64_t sum = 0;
    while (begin < end && (begin & 7) != 0) sum += test(begin++);
    for (; begin + 8 <= end; begin += 8) sum += std::popcount(bytes_[begin >> 3]);
    while (begin < end) sum += test(begin++);
    return sum;
  }

  // Collective: a bit is set afterwards where any rank had it set.
  void join(Comm& comm, Stream& stream) {
    comm.all_reduce(tensor_of(bytes_.data(), {std::ssize(bytes_)}), Reduce::bit_or, stream);
  }

  std::vector<std::uint8_t>& bytes() { return bytes_; }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace switchyard::prepare
