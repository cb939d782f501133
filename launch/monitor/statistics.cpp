#include "launch/monitor/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "runtime/error.h"

namespace switchyard::monitor {

double population_stability(std::span<const double> p, std::span<const double> q) {
  require(p.size() == q.size(), "{} bins and {}", p.size(), q.size());
  double sum = 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += (q[i] - p[i]) * std::log(q[i] / p[i]);
  return sum;
}

std::vector<double> shares_of(std::span<const double> counts) {
  double total = 0.0;
  for (const double count : counts) total += count + 0.5;
  std::vector<double> shares;
  for (const double count : counts) shares.push_back((count + 0.5) / total);
  return shares;
}

double ks_statistic(std::vector<double> a, std::vector<double> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  const auto size_a = static_cast<double>(a.size()), size_b = static_cast<double>(b.size());
  double distance = 0.0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    distance = std::max(
        distance, std::abs(static_cast<double>(i) / size_a - static_cast<double>(j) / size_b));
  }
  return distance;
}

double Cusum::add(double value) {
  up_ = std::max(0.0, up_ + value - slack_);
  down_ = std::max(0.0, down_ - value - slack_);
  return std::max(up_, down_);
}

double quantile(std::vector<double> values, double share) {
  const auto count = static_cast<double>(values.size());
  const auto place = static_cast<std::ptrdiff_t>(std::ceil(share * count)) - 1;
  const auto at = values.begin() + std::clamp<std::ptrdiff_t>(place, 0, std::ssize(values) - 1);
  std::ranges::nth_element(values, at);
  return *at;
}

}  // namespace switchyard::monitor
