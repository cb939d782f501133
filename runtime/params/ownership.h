// Ownership: which of the ranks that hold copies of the same parameters owns which of their blocks.
#pragma once

#include <cstdint>
#include <vector>

namespace switchyard {

// The ranks that hold the same parameters: this one is the index-th of `count`.
struct Copies {
  int index = 0;
  int count = 1;
};

// Elements [begin, end), empty where a rank owns nothing.
struct ElementRange {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
  bool operator==(const ElementRange&) const = default;
};

ElementRange intersection(ElementRange a, ElementRange b);  // {0, 0} if they do not meet

// Of a flat range of `size` elements, a multiple of param_block, what copy `index` of `count` owns:
// whole blocks, the copies in order, as evenly as the blocks divide.
ElementRange owned_part(std::int64_t size, Copies copies);
// The sizes of all copies' parts, in order.
std::vector<std::int64_t> owned_sizes(std::int64_t size, int num_copies);

}  // namespace switchyard
