// RobustWindow: the last values of a positive series, and how far a new value lies above them. It
// uses the median and the median absolute deviation, which hardly move even if half of the values
// are wild. It takes logarithms, because gradient norms are skewed: three times the median is not
// unusual for them.
#pragma once

#include <cstdint>
#include <deque>
#include <iterator>
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
  // True if no more than `sigmas` smallest units lie between the value and the largest one here.
  bool reaches(double value, double sigmas) const;
  // How many of the values lie more than `sigmas` deviations above the median, and above `least`.
  std::int64_t num_beyond(double sigmas, double least) const;

  void add(double value);  // Requires a finite value.
  void clear() { values_.clear(); }
  std::int64_t size() const { return std::ssize(values_); }
  std::vector<double> values() const { return {values_.begin(), values_.end()}; }  // oldest first

 private:
  struct Spread {
    double center, sigma;  // of the logarithms
  };
  Spread spread() const;  // Requires a value.

  std::int64_t size_;
  double min_sigma_;
  std::deque<double> values_;
};

}  // namespace switchyard
