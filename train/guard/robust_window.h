// RobustWindow: the last values of a positive series, and how far a new value lies above them. It
// uses the median and the median absolute deviation, which hardly move even if half of the values
// are wild. It takes logarithms, because gradient norms are skewed: three times the median is not
// unusual for them.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace switchyard {

class RobustWindow {
 public:
  // Holds the last `size` values, and judges once it has a quarter of them. min_sigma: the smallest
  // unit of a deviation, so that noise in a flat series does not count as a spike.
  RobustWindow(std::int64_t size, double min_sigma) : size_(size), min_sigma_(min_sigma) {}

  // log(value / median) / (1.4826 median absolute deviations of logarithms), which for a log-normal
  // distribution is in standard deviations. 0 if there are too few values. Requires a finite value.
  double deviations(double value) const;
  double median() const;  // 0 if there are no values

  void add(double value);  // Requires a finite value.
  std::vector<double> values() const { return {values_.begin(), values_.end()}; }  // oldest first

 private:
  std::int64_t size_;
  double min_sigma_;
  std::deque<double> values_;
};

}  // namespace switchyard
