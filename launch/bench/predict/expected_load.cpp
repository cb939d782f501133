#include "launch/bench/predict/expected_load.h"

#include <cmath>

namespace switchyard::bench {
namespace {

// Returns sum_e (1 - exp(-time share_e)): the expected number of experts that rang by `time`.
double rung_by(double time, const std::vector<double>& shares) {
  double sum = 0.0;
  for (const double share : shares) sum -= std::expm1(-time * share);
  return sum;
}

// Returns the time at which k experts are expected to have rung, found by bisection.
double time_of(int top_k, const std::vector<double>& shares) {
  double low = 0.0, high = 1.0;
  while (rung_by(high, shares) < top_k && high < 1e12) high *= 2.0;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (rung_by(middle, shares) < top_k ? low : high) = middle;
  }
  return high;
}

}  // namespace

ExpectedLoad::ExpectedLoad(const Workload& workload, const WorkloadShape& shape)
    : top_k_(shape.top_k) {
  std::vector<double> shares = workload.shares(0);
  balanced_ = shares.empty();
  const double even = static_cast<double>(shape.top_k) / shape.num_experts;
  if (balanced_ || shape.top_k == shape.num_experts) {
    visits_.assign(static_cast<std::size_t>(shape.num_experts), even);
    return;
  }
  double sum = 0.0;
  for (const double share : shares) sum += share;
  if (shape.top_k == 1) {
    for (const double share : shares) visits_.push_back(share / sum);
    return;
  }
  const double time = time_of(shape.top_k, shares);
  for (const double share : shares) visits_.push_back(-std::expm1(-time * share));
}

// For equal shares, the chance that none of k distinct experts is among `experts` is
// hypergeometric. For k = 1 the chances add up. Otherwise experts are taken as independent.
double ExpectedLoad::visits_any(const std::vector<int>& experts) const {
  double none = 1.0;
  if (balanced_) {
    const auto others = static_cast<double>(visits_.size() - experts.size());
    for (int c = 0; c < top_k_; ++c)
      none *= std::max(0.0, others - c) / static_cast<double>(std::ssize(visits_) - c);
    return 1.0 - none;
  }
  for (const int expert : experts) {
    if (top_k_ == 1) {
      none -= visits(expert);
    } else {
      none *= 1.0 - visits(expert);
    }
  }
  return 1.0 - none;
}

}  // namespace switchyard::bench
