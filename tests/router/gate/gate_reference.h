// A gate by its formulas, in double: what its gradients are checked against. The choices are given
// and stay: they take no gradient.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "router/math.h"

namespace switchyard {

struct GateReference {
  GateRule rule;
  std::int64_t experts, k, runs = 1;
  std::vector<std::int32_t> chosen;  // [T, k]
  std::vector<float> d_weight{};     // [T, k]: the loss by the weights
  std::vector<float> slope{};        // [runs, E]: the balance loss by one token's probabilities
  double z_slope = 0.0;              // the z-loss is z_slope / 2 * log_sum^2

  std::int64_t tokens() const { return std::ssize(chosen) / k; }

  // sum of weight * d_weight + slope . probability + the z-loss, for logits [T, E].
  double loss(const std::vector<double>& logits) const {
    double total = 0.0;
    for (std::int64_t t = 0; t < tokens(); ++t) total += token_loss(logits.data() + t * experts, t);
    return total;
  }

  double token_loss(const double* z, std::int64_t t) const {
    const bool sigmoid = is_sigmoid(rule.weighing);
    const auto affinity = [&](std::int64_t e) {
      return sigmoid ? 1.0 / (1.0 + std::exp(-z[e])) : std::exp(z[e]);
    };
    double all = 0.0, exponentials = 0.0, of_chosen = 0.0, total = 0.0;
    for (std::int64_t e = 0; e < experts; ++e) {
      all += affinity(e);
      exponentials += std::exp(z[e]);
    }
    for (std::int64_t c = 0; c < k; ++c) of_chosen += affinity(expert(t, c));
    const double divisor = rule.weighing == Weighing::softmax_topk ? all
                           : rule.weighing == Weighing::sigmoid    ? 1.0
                                                                   : of_chosen;
    for (std::int64_t c = 0; c < k; ++c) {
      total += static_cast<double>(d_weight[static_cast<std::size_t>(t * k + c)]) *
               static_cast<double>(rule.scale) * affinity(expert(t, c)) / divisor;
    }
    const std::int64_t run = t / (tokens() / runs);
    for (std::int64_t e = 0; e < experts; ++e) {
      total += static_cast<double>(slope[static_cast<std::size_t>(run * experts + e)]) *
               affinity(e) / all;
    }
    return total + 0.5 * z_slope * std::log(exponentials) * std::log(exponentials);
  }

 private:
  std::int64_t expert(std::int64_t t, std::int64_t c) const {
    return expert_of(chosen[static_cast<std::size_t>(t * k + c)]);
  }
};

// The derivative of `loss` by values[i], by a central difference.
inline double derivative(std::vector<double>& values, std::size_t i,
                         const std::function<double()>& loss) {
  const double kept = values[i], h = 1e-5;
  values[i] = kept + h;
  const double up = loss();
  values[i] = kept - h;
  const double down = loss();
  values[i] = kept;
  return (up - down) / (2 * h);
}

}  // namespace switchyard
