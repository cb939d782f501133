#include "train/placement/load_balance.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace switchyard {

LayerLoad load_of(int layer, std::span<const std::int64_t> counts, std::int64_t dropped) {
  LayerLoad load;
  load.layer = layer;
  load.dropped = dropped;
  load.counts.assign(counts.begin(), counts.end());
  load.hottest = static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  const auto total =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  if (total == 0) return load;
  for (const std::int64_t count : counts) {
    const double share = static_cast<double>(count) / total;
    load.max_over_mean = std::max(load.max_over_mean, share * static_cast<double>(counts.size()));
    if (count > 0) load.entropy -= share * std::log(share);
    load.dead_experts += count == 0;
  }
  std::vector<std::int64_t> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end());
  const double mean = total / static_cast<double>(counts.size());
  for (std::size_t i = 0; i < load_percentiles.size(); ++i) {
    const auto percent = static_cast<std::size_t>(load_percentiles[i]);
    const std::size_t rank = (percent * sorted.size() + 99) / 100;
    load.percentiles[i] = static_cast<double>(sorted[rank - 1]) / mean;
  }
  return load;
}

}  // namespace switchyard
