// One element of a merge: the models' values, the base's, and what is made of them.
#pragma once

#include <cstddef>
#include <vector>

#include "io/transform/merge_ops.h"

namespace switchyard {

class Element {
 public:
  explicit Element(const Unit& unit) : unit_(unit), values_(unit.inputs.size() - 1) {}

  void take(std::size_t e) {
    for (std::size_t i = 0; i < values_.size(); ++i)
      values_[i] = static_cast<double>(unit_.inputs[i][e]);
    base_ = static_cast<double>(unit_.inputs.back()[e]);
  }

  // The sign of the weighted sum of differences: 1, -1, or 0 if they cancel exactly.
  int sign_of_sum(const std::vector<double>& weights) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < values_.size(); ++i) sum += weights[i] * (values_[i] - base_);
    return sum > 0.0 ? 1 : sum < 0.0 ? -1 : 0;
  }

  // Sets to 0 the weights of differences that do not have the sign of the weighted sum. cancelled:
  // the sign that wins where the differences cancel exactly; 0: none.
  void elect(std::vector<double>& weights, int cancelled) const {
    const int sum = sign_of_sum(weights);
    const double sign = sum != 0 ? sum : cancelled;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (!(sign * weights[i] * (values_[i] - base_) > 0.0)) weights[i] = 0.0;
    }
  }

  // weights: of the differences that take part, 0 for the others.
  void coefficients(const std::vector<double>& weights, const MergeSettings& merge,
                    std::vector<double>& c) const {
    double all = 0.0;
    for (const double weight : weights) all += weight;
    const double divisor = merge.normalize && all != 0.0 ? all : 1.0;
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = merge.scale * (weights[i] / divisor);
  }

  float combined(const std::vector<double>& c) const {
    double sum = -0.0, all = 0.0;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (c[i] == 0.0) continue;  // so that what is left out may be infinite
      sum += c[i] * values_[i];
      all += c[i];
    }
    return static_cast<float>(all == 1.0 ? sum : (1.0 - all) * base_ + sum);
  }

 private:
  const Unit& unit_;
  std::vector<double> values_;
  double base_ = 0.0;
};

}  // namespace switchyard
