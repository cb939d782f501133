#include "runtime/params/ownership.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/params/params.h"

namespace switchyard {

ElementRange intersection(ElementRange a, ElementRange b) {
  const std::int64_t begin = std::max(a.begin, b.begin), end = std::min(a.end, b.end);
  return begin < end ? ElementRange{begin, end} : ElementRange{};
}

ElementRange owned_part(std::int64_t size, Copies copies) {
  require(size % param_block == 0 && copies.index >= 0 && copies.index < copies.count,
          "copy {} of {} of {} elements", copies.index, copies.count, size);
  const std::int64_t blocks = size / param_block;
  const auto begin_of = [&](std::int64_t index) {
    return blocks * index / copies.count * param_block;
  };
  return {begin_of(copies.index), begin_of(copies.index + 1)};
}

std::vector<std::int64_t> owned_sizes(std::int64_t size, int num_copies) {
  std::vector<std::int64_t> sizes;
  for (int copy = 0; copy < num_copies; ++copy)
    sizes.push_back(owned_part(size, {copy, num_copies}).size());
  return sizes;
}

}  // namespace switchyard
