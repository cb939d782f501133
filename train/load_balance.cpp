#include "train/load_balance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace switchyard {

LayerLoad load_of(int layer, std::span<const std::int64_t> counts, std::int64_t dropped) {
  LayerLoad load;
  load.layer = layer;
  load.dropped = dropped;
  const auto total =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  if (total == 0) return load;
  for (const std::int64_t count : counts) {
    const double share = static_cast<double>(count) / total;
    load.max_over_mean = std::max(load.max_over_mean, share * static_cast<double>(counts.size()));
    if (count > 0) load.entropy -= share * std::log(share);
    load.dead_experts += count == 0;
  }
  return load;
}

}  // namespace switchyard
