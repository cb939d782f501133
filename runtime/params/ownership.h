// Ownership: which of the ranks that hold the same parameters owns which of their blocks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard {

// Elements per block. A block never spans two tensors: the optimizer, clipping and random keys are
// loops over blocks.
inline constexpr std::int64_t param_block = 4096;

// The ranks that hold the same parameters: this one is the index-th of `count`.
struct Replicas {
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

// The part of a flat range of `size` elements, a multiple of param_block, that replica `index` of
// `count` owns: whole blocks, the replicas in order, as evenly as the blocks divide.
ElementRange owned_part(std::int64_t size, Replicas replicas);

// The owner, of `num_replicas`, of each parameter that has one owner: the most expensive first,
// each goes to the replica with the least to do, the first of these.
std::vector<int> whole_owners(std::span<const double> costs, int num_replicas);

}  // namespace switchyard
