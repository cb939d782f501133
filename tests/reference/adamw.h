// AdamW from its paper's equations, in double, for one element over many steps.
#pragma once

#include <cmath>
#include <vector>

namespace switchyard::reference {

struct AdamW {
  double rate, beta1, beta2, epsilon, weight_decay;
};

// The value after one step per gradient.
inline double adamw(const AdamW& config, double value, const std::vector<double>& gradients) {
  double first = 0.0;
  double second = 0.0;
  for (std::size_t step = 0; step < gradients.size(); ++step) {
    const double power = static_cast<double>(step) + 1.0;
    first = config.beta1 * first + (1.0 - config.beta1) * gradients[step];
    second = config.beta2 * second + (1.0 - config.beta2) * gradients[step] * gradients[step];
    const double first_hat = first / (1.0 - std::pow(config.beta1, power));
    const double second_hat = second / (1.0 - std::pow(config.beta2, power));
    value -= config.rate *
             (first_hat / (std::sqrt(second_hat) + config.epsilon) + config.weight_decay * value);
  }
  return value;
}

}  // namespace switchyard::reference
