// RobustWindow: the last values of a positive series, and how far a new one stands above them.
// Median and median absolute deviation: half of the values could be wild without moving them far.
// Of logarithms: gradient norms are skewed, and three times the median is nothing unusual for them.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace switchyard {

class RobustWindow {
 public:
  // Holds the last `size` values, and has an opinion from a quarter of them on.
  // min_sigma: what a deviation is measured in at least, so that a flat series does not make
  // spikes of noise.
  RobustWindow(std::int64_t size, double min_sigma) : size_(size), min_sigma_(min_sigma) {}

  // log(value / median) / (1.4826 median absolute deviations of logarithms), which for a log-normal
  // distribution is in standard deviations. 0 if there are too few values. Requires a finite value.
  double deviations(double value) const;
  double median() const;  // 0 of no values

  void add(double value);  // Requires a finite value.
  std::vector<double> values() const { return {values_.begin(), values_.end()}; }  // oldest first

 private:
  std::int64_t size_;
  double min_sigma_;
  std::deque<double> values_;
};

}  // namespace switchyard
