#include "launch/suites/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace switchyard::suites {

Interval wilson(double right, double cases) {
  const double share = right / cases;
  const double square = normal_95 * normal_95;
  const double scale = 1.0 + square / cases;
  const double middle = (share + square / (2.0 * cases)) / scale;
  const double reach =
      normal_95 / scale * std::sqrt(share * (1.0 - share) / cases + square / (4.0 * cases * cases));
  return {std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

std::optional<std::int64_t> cases_to_decide(double share, double bound, bool above) {
  const auto decides = [&](std::int64_t cases) {
    const auto count = static_cast<double>(cases);
    const Interval interval = wilson(share * count, count);
    return above ? interval.low >= bound : interval.high <= bound;
  };
  constexpr std::int64_t most = 1'000'000'000;
  if (!decides(most)) return std::nullopt;
  std::int64_t low = 0, high = most;  // `high` decides, `low` does not
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (decides(middle) ? high : low) = middle;
  }
  return high;
}

WeightedMean weighted_mean(std::span<const double> values, std::span<const double> weights) {
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    weight += weights[i];
  }
  WeightedMean result{sum / weight};
  if (values.size() < 2) return result;
  double squares = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += std::pow(weights[i] * (values[i] - result.mean), 2);
  }
  const auto count = static_cast<double>(values.size());
  result.error = std::sqrt(count / (count - 1.0) * squares) / weight;
  return result;
}

Auroc auroc(std::span<const double> inside, std::span<const double> outside) {
  std::vector<double> sorted(inside.begin(), inside.end());
  std::sort(sorted.begin(), sorted.end());
  double wins = 0.0;
  for (const double score : outside) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), score);
    wins += static_cast<double>(first - sorted.begin()) + 0.5 * static_cast<double>(last - first);
  }
  const auto in = static_cast<double>(inside.size()), out = static_cast<double>(outside.size());
  const double area = wins / (in * out);
  const double both_out = area / (2.0 - area), both_in = 2.0 * area * area / (1.0 + area);
  const double variance = (area * (1.0 - area) + (out - 1.0) * (both_out - area * area) +
                           (in - 1.0) * (both_in - area * area)) /
                          (in * out);
  const double reach = normal_95 * std::sqrt(std::max(0.0, variance));
  return {area, {std::max(0.0, area - reach), std::min(1.0, area + reach)}};
}

}  // namespace switchyard::suites
