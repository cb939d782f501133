// Prefetches rows that an index scatters over memory: a processor cannot predict the next one, so
// it is requested while an earlier row is processed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace switchyard {

class RowsAhead {
 public:
  // Rows of `row_bytes` that will be read in the order of index[0, count); a negative index means
  // no row. index: nullptr if rows are read in order.
  RowsAhead(const void* rows, std::int64_t row_bytes, const std::int32_t* index, std::int64_t count)
      : rows_(static_cast<const std::byte*>(rows)),
        row_bytes_(row_bytes),
        index_(index),
        count_(index == nullptr || row_bytes > bytes_ahead ? 0 : count),
        distance_(row_bytes > 0 ? bytes_ahead / row_bytes : 0) {}

  // To be called while row index[i] is processed. Inline, because GCC 12 drops calls of a function
  // that does nothing but prefetch.
  inline __attribute__((always_inline)) void ask_after(std::int64_t i) const {
    const std::int64_t next = i + distance_;
    if (next >= count_ || index_[next] < 0) return;
    const std::byte* row = rows_ + index_[next] * row_bytes_;
    for (std::int64_t byte = 0; byte < row_bytes_; byte += cache_line)
      __builtin_prefetch(row + byte);
  }

 private:
  static constexpr std::int64_t cache_line = 64;
  // What a core can process while memory answers. The processor prefetches the lines of a longer
  // row by itself, and requesting all of them made sums of rows of 8 KiB slower.
  static constexpr std::int64_t bytes_ahead = 4 << 10;

  const std::byte* rows_;
  std::int64_t row_bytes_;
  const std::int32_t* index_;
  std::int64_t count_, distance_;
};

}  // namespace switchyard
