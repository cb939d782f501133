// How far some numbers are from others: pure functions.
#pragma once

#include <span>
#include <vector>

namespace switchyard::monitor {

// The population stability index, sum of (q - p) ln(q / p) over the bins: the symmetrised
// Kullback-Leibler divergence. p, q: shares, each above 0.
double population_stability(std::span<const double> p, std::span<const double> q);

// The shares of counts, each with half a count more, so that none is 0.
std::vector<double> shares_of(std::span<const double> counts);

// The statistic of Kolmogorov and Smirnov for two samples: the largest distance between their
// empirical distribution functions. Both are not empty.
double ks_statistic(std::vector<double> a, std::vector<double> b);

// Cumulative sums of what exceeds `slack` in either direction (Page, "Continuous inspection
// schemes", Biometrika 41, 1954). Values are in standard deviations.
class Cusum {
 public:
  explicit Cusum(double slack) : slack_(slack) {}

  double add(double value);  // the larger of the two sums
  void restart() { up_ = down_ = 0.0; }

 private:
  double slack_, up_ = 0.0, down_ = 0.0;
};

// The smallest of the values that at least this share of them does not exceed. Not empty.
double quantile(std::vector<double> values, double share);

}  // namespace switchyard::monitor
