#include "router/gate/quantile_balance.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace switchyard {
namespace {

// The value below which `share` of the counted values are, evenly spread within a bin.
double quantile_of(std::span<const std::int64_t> counts, double share, const BiasBins& bins) {
  const auto total =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  double below = 0.0;
  for (std::size_t bin = 0; bin < counts.size(); ++bin) {
    const auto here = static_cast<double>(counts[bin]);
    if (here > 0.0 && below + here >= share * total) {
      const double place = static_cast<double>(bin) + (share * total - below) / here;
      return static_cast<double>(bins.low) + place / static_cast<double>(bins.per_unit);
    }
    below += here;
  }
  return 0.0;
}

}  // namespace

BiasBins BiasBins::around(std::span<const float> bias) {
  const auto [least, largest] = std::minmax_element(bias.begin(), bias.end());
  return {*least - 1.0F, static_cast<float>(count) / (*largest - *least + 2.0F)};
}

void approach_quantiles(std::span<const std::int64_t> required, int top_k, float rate,
                        std::span<float> bias) {
  const BiasBins bins = BiasBins::around(bias);
  const double share = static_cast<double>(top_k) / static_cast<double>(bias.size());
  std::vector<double> solved(bias.size());
  for (std::size_t e = 0; e < bias.size(); ++e) {
    solved[e] = quantile_of(required.subspan(e * BiasBins::count, BiasBins::count), share, bins);
  }
  const double mean =
      std::accumulate(solved.begin(), solved.end(), 0.0) / static_cast<double>(solved.size());
  const bool seen = std::any_of(required.begin(), required.end(), [](auto n) { return n > 0; });
  for (std::size_t e = 0; e < bias.size() && seen; ++e) {
    const double before = bias[e];
    bias[e] = static_cast<float>(before + rate * (solved[e] - mean - before));
  }
}

}  // namespace switchyard
