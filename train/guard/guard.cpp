#include "train/guard/guard.h"

#include <cmath>

#include "runtime/error.h"

namespace switchyard {
namespace {

// With six deviations, a loss is a spike from 1.35 times the median on, a norm from 3.3 times. In a
// flat series, such as a run that has memorised its data, ordinary steps lie further out than the
// median absolute deviation suggests.
constexpr double min_sigma_of_losses = 0.05, min_sigma_of_norms = 0.2;

constexpr const char* untouched =
    "The weights were not touched. Resume from the last checkpoint with a lower "
    "train.learning_rate or train.clip_norm";

[[noreturn]] void give_up(std::int64_t step, const std::string& problem, const std::string& why) {
  throw Error(Exit::numerical, fmt::format("step {}: {}{}. {}", step, problem, why, untouched))
      .as_agreed();
}

void restore(RobustWindow& window, const nlohmann::json& values) {
  for (const nlohmann::json& value : values) window.add(value.get<double>());
}

}  // namespace

Guard::Guard(const GuardConfig& config, double clip_norm)
    : config_(config),
      clip_norm_(clip_norm),
      losses_(config.window, min_sigma_of_losses),
      norms_(config.window, min_sigma_of_norms) {}

bool Guard::compares_replicas(std::int64_t step) const {
  return config_.enabled && config_.compare_every > 0 && step % config_.compare_every == 0;
}

bool Guard::computes_twice(std::int64_t step) const {
  return config_.enabled && config_.repeat_every > 0 && step % config_.repeat_every == 0;
}

std::string Guard::spike(const char* what, const RobustWindow& window, double value) const {
  const double deviations = window.deviations(value);
  if (!config_.enabled || config_.spike_sigma <= 0 || deviations <= config_.spike_sigma) return "";
  return fmt::format("{} {:.6g} is {:.1f} deviations above the median {:.6g} of the steps before",
                     what, value, deviations, window.median());
}

std::string Guard::problem_with(const StepFigures& figures) const {
  if (!figures.finite || !std::isfinite(figures.loss) || !std::isfinite(figures.gradient_norm)) {
    return fmt::format(
        "the loss or the gradient is not finite or too large (loss {}, gradient norm {})",
        figures.loss, figures.gradient_norm);
  }
  const std::string loss = spike("the loss", losses_, figures.loss);
  if (!loss.empty() || figures.gradient_norm <= clip_norm_) return loss;
  return spike("the gradient norm", norms_, figures.gradient_norm);
}

void Guard::take(const StepFigures& figures) {
  losses_.add(figures.loss);
  norms_.add(figures.gradient_norm);
  skipped_ = 0;
}

StepOutcome Guard::refuse(std::int64_t step, const std::string& problem) {
  if (!config_.enabled) give_up(step, problem, "");
  if (skipped_ < config_.skips) {
    ++skipped_;
    return StepOutcome::skipped;
  }
  return go_back(step, problem, batch_of(step) + 1);
}

StepOutcome Guard::refuse_replicas(std::int64_t step, const std::string& problem) {
  return go_back(step, problem, -1);
}

StepOutcome Guard::go_back(std::int64_t step, const std::string& problem, std::int64_t next_batch) {
  if (rewind_.num_rewinds >= config_.rewinds) {
    give_up(step, problem,
            fmt::format(", {} batches before it were left out, and guard.rewinds = {} is used up",
                        skipped_, config_.rewinds));
  }
  rewind_ = {rewind_.num_rewinds + 1, next_batch};
  return StepOutcome::rewind;
}

void Guard::go_on(std::int64_t step, const Rewind& rewind) {
  rewind_ = rewind;
  skipped_ = 0;
  if (rewind.next_batch >= 0) batches_ahead_ = rewind.next_batch - step;
}

nlohmann::json Guard::state() const {
  return {{"losses", losses_.values()},
          {"gradient_norms", norms_.values()},
          {"skipped", skipped_},
          {"batches_ahead", batches_ahead_},
          {"rewinds", rewind_.num_rewinds}};
}

void Guard::load(const nlohmann::json& state) {
  try {
    losses_ = RobustWindow(config_.window, min_sigma_of_losses);
    norms_ = RobustWindow(config_.window, min_sigma_of_norms);
    restore(losses_, state.at("losses"));
    restore(norms_, state.at("gradient_norms"));
    skipped_ = state.at("skipped");
    batches_ahead_ = state.at("batches_ahead");
    rewind_ = {state.at("rewinds"), -1};
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "its guard's state: {}", error.what());
  }
}

}  // namespace switchyard
