// Row counts per rank, and where each rank's rows begin.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace switchyard {

using Counts = std::vector<std::int64_t>;

inline std::size_t to_index(std::int64_t index) { return static_cast<std::size_t>(index); }

inline Counts begins_of(const Counts& counts) {
  Counts begins(counts.size());
  std::exclusive_scan(counts.begin(), counts.end(), begins.begin(), std::int64_t{0});
  return begins;
}

inline std::int64_t total_of(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

}  // namespace switchyard
