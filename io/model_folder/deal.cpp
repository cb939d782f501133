#include "io/model_folder/deal.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace switchyard {

std::vector<int> deal(std::span<const std::int64_t> sizes, int num_ranks) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>{}, [&](std::size_t i) { return sizes[i]; });

  using Load = std::pair<std::int64_t, int>;  // the rank's size so far, and the rank
  std::priority_queue<Load, std::vector<Load>, std::greater<>> least;
  for (int rank = 0; rank < num_ranks; ++rank) least.emplace(0, rank);
  std::vector<int> ranks(sizes.size());
  for (const std::size_t i : order) {
    const auto [load, rank] = least.top();
    least.pop();
    ranks[i] = rank;
    least.emplace(load + sizes[i], rank);
  }
  return ranks;
}

}  // namespace switchyard
