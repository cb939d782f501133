// What a few cases can say: intervals of shares and means, and of differences of the same cases.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace switchyard::suites {

struct Interval {
  double low = 0.0, high = 0.0;
  bool operator==(const Interval&) const = default;
};

inline constexpr double normal_95 = 1.959963984540054;  // the 97.5 % quantile

// Wilson's 95 % interval of a share (Wilson 1927). 0 <= right <= cases, cases > 0. `right` may be a
// sum of parts.
Interval wilson(double right, double cases);

// The fewest cases whose Wilson interval, at this share of right ones, lies on the wanted side of
// the bound: above it, or below. Nothing if no number does, or more than a thousand million.
std::optional<std::int64_t> cases_to_decide(double share, double bound, bool above);

// The mean of values that count by a weight each, and its standard error: that of a ratio of two
// means, sqrt(n / (n - 1) sum (w (x - mean))^2) / sum w. With equal weights it is s / sqrt(n). No
// error for fewer than two values.
struct WeightedMean {
  double mean = 0.0;
  std::optional<double> error{};
};
// weights: one for each value, none negative, and their sum positive.
WeightedMean weighted_mean(std::span<const double> values, std::span<const double> weights);

// Area under the ROC curve of two lists of scores: the share of pairs in which the outside score is
// the larger one, where equal ones count half (Mann and Whitney 1947); and its 95 % interval by
// the error of Hanley and McNeil (1982). Neither list is empty.
struct Auroc {
  double area = 0.0;
  Interval interval{};
};
Auroc auroc(std::span<const double> inside, std::span<const double> outside);

}  // namespace switchyard::suites
