#include "runtime/params/ownership.h"

#include <algorithm>

#include "runtime/error.h"

namespace switchyard {

ElementRange intersection(ElementRange a, ElementRange b) {
  const std::int64_t begin = std::max(a.begin, b.begin), end = std::min(a.end, b.end);
  return begin < end ? ElementRange{begin, end} : ElementRange{};
}

ElementRange owned_part(std::int64_t size, Replicas replicas) {
  require(size % param_block == 0 && replicas.index >= 0 && replicas.index < replicas.count,
          "replica {} of {} of {} elements", replicas.index, replicas.count, size);
  const std::int64_t blocks = size / param_block;
  const auto begin_of = [&](std::int64_t index) {
    return blocks * index / replicas.count * param_block;
  };
  return {begin_of(replicas.index), begin_of(replicas.index + 1)};
}

std::vector<std::int64_t> owned_sizes(std::int64_t size, int num_replicas) {
  std::vector<std::int64_t> sizes;
  for (int replica = 0; replica < num_replicas; ++replica)
    sizes.push_back(owned_part(size, {replica, num_replicas}).size());
  return sizes;
}

}  // namespace switchyard
