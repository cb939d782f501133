#include "runtime/params/ownership.h"

#include <algorithm>
#include <numeric>

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

std::vector<int> whole_owners(std::span<const double> costs, int num_replicas) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  std::vector<double> load(static_cast<std::size_t>(num_replicas), 0.0);
  std::vector<int> owners(costs.size());
  for (const std::size_t i : order) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += costs[i];
    owners[i] = static_cast<int>(least - load.begin());
  }
  return owners;
}

}  // namespace switchyard
