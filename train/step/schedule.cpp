#include "train/step/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace switchyard {
namespace {

// How much of the way from `begin` to the end of the run is done at `step`.
double share_done(const TrainConfig& config, std::int64_t begin, std::int64_t step) {
  const auto past = static_cast<double>(step - begin);
  const auto all = static_cast<double>(std::max<std::int64_t>(1, config.steps - begin));
  return std::min(1.0, past / all);
}

// How much of the way from the minimum to the learning rate is left.
double height(const TrainConfig& config, std::int64_t step) {
  const std::int64_t decay = config.steps - wsd_decay_steps(config);
  switch (config.schedule) {
    case RateSchedule::cosine:
      return 0.5 *
             (1.0 + std::cos(std::numbers::pi * share_done(config, config.warmup_steps, step)));
    case RateSchedule::linear:
      return 1.0 - share_done(config, config.warmup_steps, step);
    case RateSchedule::constant:
      return 1.0;
    case RateSchedule::wsd:
      if (step <= decay) return 1.0;
      const double done = share_done(config, decay, step);
      return 1.0 - (config.decay_shape == DecayShape::linear ? done : std::sqrt(done));
  }
  return 1.0;
}

}  // namespace

std::int64_t wsd_decay_steps(const TrainConfig& config) {
  const std::int64_t asked = config.decay_steps > 0 ? config.decay_steps : config.steps / 10;
  return std::max<std::int64_t>(1, asked);
}

double learning_rate_at(const TrainConfig& config, std::int64_t step) {
  if (step < config.warmup_steps) {
    return config.learning_rate * static_cast<double>(step + 1) /
           static_cast<double>(config.warmup_steps);
  }
  const double part = height(config, step);
  if (part == 1.0) return config.learning_rate;
  return config.min_learning_rate + (config.learning_rate - config.min_learning_rate) * part;
}

std::string schedule_in_words(const TrainConfig& config) {
  std::string text =
      config.warmup_steps == 0
          ? fmt::format("{}, ", config.learning_rate)
          : fmt::format("{} steps up to {}, ", config.warmup_steps, config.learning_rate);
  if (config.schedule == RateSchedule::constant) return text + "then constant";
  const std::string end = fmt::format("to {} at step {}", config.min_learning_rate, config.steps);
  if (config.schedule != RateSchedule::wsd)
    return fmt::format("{}{} {}", text, name_of(config.schedule), end);
  return fmt::format("{}constant until step {}, {} {} (wsd)", text,
                     config.steps - wsd_decay_steps(config), name_of(config.decay_shape), end);
}

}  // namespace switchyard
