#include "train/step/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace switchyard {

double learning_rate_at(const TrainConfig& config, std::int64_t step) {
  if (step < config.warmup_steps) {
    return config.learning_rate * static_cast<double>(step + 1) /
           static_cast<double>(config.warmup_steps);
  }
  const auto past = static_cast<double>(step - config.warmup_steps);
  const auto all =
      static_cast<double>(std::max<std::int64_t>(1, config.steps - config.warmup_steps));
  const double cosine = 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(1.0, past / all)));
  return config.min_learning_rate + (config.learning_rate - config.min_learning_rate) * cosine;
}

}  // namespace switchyard
