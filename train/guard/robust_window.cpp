#include "train/guard/robust_window.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr double sigma_of_deviation = 1.4826;  // 1 / the third quartile of the normal distribution

constexpr double min_value = 1e-30;  // zero has no logarithm

// The upper of the two values in the middle: no mean of two values, so nothing is rounded.
double median_of(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double RobustWindow::median() const { return values_.empty() ? 0.0 : median_of(values()); }

RobustWindow::Spread RobustWindow::spread() const {
  const double center = std::log(median());
  std::vector<double> distances = values();
  for (double& distance : distances) distance = std::abs(std::log(distance) - center);
  return {center, std::max(sigma_of_deviation * median_of(distances), min_sigma_)};
}

double RobustWindow::deviations(double value) const {
  if (4 * std::ssize(values_) < size_ || values_.empty()) return 0.0;
  const auto [center, sigma] = spread();
  return (std::log(std::max(value, min_value)) - center) / sigma;
}

bool RobustWindow::reaches(double value, double sigmas) const {
  if (values_.empty()) return false;
  const double largest = *std::max_element(values_.begin(), values_.end());
  return std::log(std::max(value, min_value)) <= std::log(largest) + sigmas * min_sigma_;
}

std::int64_t RobustWindow::num_beyond(double sigmas, double least) const {
  if (values_.empty()) return 0;
  const auto [center, sigma] = spread();
  const double limit = std::max(std::exp(center + sigmas * sigma), least);
  return std::count_if(values_.begin(), values_.end(), [&](double v) { return v > limit; });
}

void RobustWindow::add(double value) {
  require(std::isfinite(value), "a window takes finite numbers, got {}", value);
  values_.push_back(std::max(value, min_value));
  while (std::ssize(values_) > size_) values_.pop_front();
}

}  // namespace switchyard
