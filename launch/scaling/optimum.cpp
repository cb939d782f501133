#include "launch/scaling/optimum.h"

#include <cmath>
#include <numbers>

namespace switchyard::scaling {

Optimum optimum_of(const DenseLaw& law, double flops) {
  const double a = law.model_exponent, b = law.data_exponent;
  const double g = std::pow(a * law.model / (b * law.data), 1.0 / (a + b));
  const double parameters = g * std::pow(flops / 6.0, b / (a + b));
  const double tokens = flops / 6.0 / parameters;
  return {parameters, tokens, law.loss(parameters, tokens)};
}

Optimum optimum_of(const std::function<double(double, double)>& loss, double flops) {
  const auto at = [&](double log_parameters) {
    const double parameters = std::exp(log_parameters);
    return loss(parameters, flops / 6.0 / parameters);
  };
  // Golden section.
  constexpr double ratio = 1.0 / std::numbers::phi;
  double low = std::log(1e3), high = std::log(1e15);
  double left = high - ratio * (high - low), right = low + ratio * (high - low);
  double loss_left = at(left), loss_right = at(right);
  while (high - low > 1e-9) {
    if (loss_left < loss_right) {
      high = right;
      right = left;
      loss_right = loss_left;
      loss_left = at(left = high - ratio * (high - low));
    } else {
      low = left;
      left = right;
      loss_left = loss_right;
      loss_right = at(right = low + ratio * (high - low));
    }
  }
  const double parameters = std::exp((low + high) / 2.0), tokens = flops / 6.0 / parameters;
  return {parameters, tokens, loss(parameters, tokens)};
}

}  // namespace switchyard::scaling
