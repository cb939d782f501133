// Rows that stand apart in memory. Where an index sends it next no processor foresees, so the row
// is asked for while an earlier one is worked on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace switchyard {

class RowsAhead {
 public:
  // Rows of `row_bytes` that will be read in the order of index[0, count); a negative one is no
  // row. index: nullptr where rows are read as they stand.
  RowsAhead(const void* rows, std::int64_t row_bytes, const std::int32_t* index, std::int64_t count)
      : rows_(static_cast<const std::byte*>(rows)),
        row_bytes_(row_bytes),
        index_(index),
        count_(index == nullptr || row_bytes > bytes_ahead ? 0 : count),
        distance_(row_bytes > 0 ? bytes_ahead / row_bytes : 0) {}

  // While row index[i] is worked on. Inline, because GCC 12 drops calls of a function that does
  // nothing but prefetch.
  inline __attribute__((always_inline)) void ask_after(std::int64_t i) const {
    const std::int64_t next = i + distance_;
    if (next >= count_ || index_[next] < 0) return;
    const std::byte* row = rows_ + index_[next] * row_bytes_;
    for (std::int64_t byte = 0; byte < row_bytes_; byte += cache_line)
      __builtin_prefetch(row + byte);
  }

 private:
  static constexpr std::int64_t cache_line = 64;
  // As much as a core can work on while memory answers. The lines of a longer row the processor
  // fetches ahead by itself; asking for all of them made sums of rows of 8 KiB slower.
  static constexpr std::int64_t bytes_ahead = 4 << 10;

  const std::byte* rows_;
  std::int64_t row_bytes_;
  const std::int32_t* index_;
  std::int64_t count_, distance_;
};

}  // namespace switchyard
