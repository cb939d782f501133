#include "train/islands/aggregate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace switchyard {
namespace {

double mean_of(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

double aggregate(Aggregate kind, int trim, std::span<double> values) {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  const bool mean = kind == Aggregate::mean;  // whose rounding depends on the order
  const auto finite = mean ? std::remove_if(values.begin(), values.end(), std::not_fn(is_finite))
                           : std::partition(values.begin(), values.end(), is_finite);
  const auto left = static_cast<std::size_t>(finite - values.begin());
  values = values.first(left);
  if (left == 0) return std::numeric_limits<double>::quiet_NaN();
  if (mean) return mean_of(values);
  std::sort(values.begin(), values.end());
  if (kind == Aggregate::median)
    return left % 2 == 1 ? values[left / 2] : (values[left / 2 - 1] + values[left / 2]) / 2.0;
  const std::size_t each = std::min(static_cast<std::size_t>(trim), (left - 1) / 2);
  return mean_of(values.subspan(each, left - 2 * each));
}

float outer_update(float anchor, double opinion, const OuterRates& rates, float& velocity) {
  const double gradient = anchor - opinion;
  const double speed = rates.momentum * velocity + gradient;
  velocity = static_cast<float>(speed);
  return static_cast<float>((1.0 - rates.rate) * anchor +
                            rates.rate * (opinion - rates.momentum * speed));
}

}  // namespace switchyard
