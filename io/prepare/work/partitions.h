// Partitions: how the documents of a generation are cut into parts that fit into memory, each a
// range of the canonical order.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "io/files/hash.h"

namespace switchyard::prepare {

// Canonical order within a generation is by (source, hash); a partition is one source's documents
// whose hashes begin with the same bits.
class Partitions {
 public:
  // source_bytes: about how much text each source has.
  explicit Partitions(const std::vector<std::int64_t>& source_bytes) {
    constexpr std::int64_t partition_bytes = std::int64_t{16} << 20;
    constexpr int max_bits = 12;
    for (const std::int64_t bytes : source_bytes) {
      first_.push_back(count_);
      const auto parts = static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 1)) /
                         static_cast<std::uint64_t>(partition_bytes);
      bits_.push_back(std::min(max_bits, static_cast<int>(std::bit_width(parts))));
      count_ += 1 << bits_.back();
    }
  }

  int count() const { return count_; }
  int num_sources() const { return static_cast<int>(bits_.size()); }
  int first(int source) const { return first_[static_cast<std::size_t>(source)]; }
  int bits(int source) const { return bits_[static_cast<std::size_t>(source)]; }

  int of(int source, const ContentHash& hash) const {
    const int bits_here = bits(source);
    return first(source) + (bits_here == 0 ? 0 : static_cast<int>(hash.high >> (64 - bits_here)));
  }

  int source_of(int partition) const {
    const auto next = std::upper_bound(first_.begin(), first_.end(), partition);
    return static_cast<int>(next - first_.begin()) - 1;
  }

 private:
  std::vector<int> first_, bits_;
  int count_ = 0;
};

}  // namespace switchyard::prepare
