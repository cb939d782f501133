#include "train/guard/guard.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"

namespace switchyard {
namespace {

// With six deviations, a loss is unusual from 1.35 times the median on, a norm from 3.3 times. In a
// flat series, such as a run that has memorised its data, ordinary steps lie further out than the
// median absolute deviation suggests.
constexpr double min_sigma_of_losses = 0.05, min_sigma_of_norms = 0.2;

// In uniform losses: with six deviations, an unusual loss is 0.33 above the median for
// bytes.
constexpr double min_sigma_of_rises = 0.01;

// A model that is sure of one kind of text gives another kind more than the uniform loss.
constexpr double uniform_losses_of_new_text = 2.0;

constexpr const char* untouched =
    "The step did not touch the weights. Resume from the last checkpoint with a lower "
    "train.learning_rate or train.clip_norm";

[[noreturn]] void give_up(std::int64_t step, const std::string& problem, const std::string& why) {
  throw Error(Exit::numerical, fmt::format("step {}: {}{}. {}", step + 1, problem, why, untouched))
      .as_agreed();
}

constexpr double max_figure = std::numeric_limits<double>::max();
constexpr std::int64_t max_count = 1'000'000'000'000'000'000;

void restore(RobustWindow& window, const JsonFields& state, const char* key) {
  window.clear();
  for (const double value : state.numbers(key, 0, max_figure)) window.add(value);
}

}  // namespace

Guard::Guard(const GuardConfig& config, double clip_norm, double uniform_loss)
    : config_(config),
      clip_norm_(clip_norm),
      uniform_loss_(uniform_loss),
      losses_(config.window, min_sigma_of_losses),
      norms_(config.window, min_sigma_of_norms),
      streak_losses_(losses_),
      streak_norms_(norms_) {}

bool Guard::compares_replicas(std::int64_t step) const {
  return config_.enabled && config_.compare_every > 0 && step % config_.compare_every == 0;
}

bool Guard::computes_twice(std::int64_t step) const {
  return config_.enabled && config_.repeat_every > 0 && step % config_.repeat_every == 0;
}

bool Guard::stands_out(const RobustWindow& window, double value) const {
  return config_.enabled && config_.spike_sigma > 0 &&
         window.deviations(value) > config_.spike_sigma;
}

// A loss that is next to nothing rises by a large factor for a while after a step on other text.
double Guard::least_outlier() const {
  return losses_.median() + config_.spike_sigma * min_sigma_of_rises * uniform_loss_;
}

bool Guard::loss_stands_out(const StepFigures& figures) const {
  return figures.loss > least_outlier() && stands_out(losses_, figures.loss);
}

bool Guard::norm_stands_out(const StepFigures& figures) const {
  return figures.gradient_norm > clip_norm_ && stands_out(norms_, figures.gradient_norm);
}

// How many outliers in a row pass: guard.skips if the window holds none, else as many as are as
// improbable, were each step as likely one as those of the window.
std::int64_t Guard::longest_streak() const {
  const std::int64_t num_outliers = losses_.num_beyond(config_.spike_sigma, least_outlier());
  const double draws = static_cast<double>(losses_.size()) + 2.0;
  const double longer =
      std::log(draws) / std::log(draws / (static_cast<double>(num_outliers) + 1.0));
  const double skips = static_cast<double>(config_.skips);
  return static_cast<std::int64_t>(std::ceil((skips + 1.0) * longer)) - 1;
}

bool Guard::is_bounded(const StepFigures& figures) const {
  const auto known = [&](double value, double refused, double min_sigma) {
    return value <= refused * std::exp(config_.spike_sigma * min_sigma);
  };
  const double loss = figures.loss, norm = figures.gradient_norm;
  const bool loss_is = loss <= uniform_losses_of_new_text * uniform_loss_ ||
                       known(loss, refused_loss_, min_sigma_of_losses);
  return loss_is && (clip_norm_ > 0 || !norm_stands_out(figures) ||
                     known(norm, refused_norm_, min_sigma_of_norms));
}

std::string Guard::problem_with(const StepFigures& figures) const {
  if (!figures.finite || !std::isfinite(figures.loss) || !std::isfinite(figures.gradient_norm)) {
    return fmt::format(
        "the loss or the gradient is not finite or too large (loss {}, gradient norm {})",
        figures.loss, figures.gradient_norm);
  }
  const auto text = [](const char* what, const RobustWindow& window, double value) {
    return fmt::format("{} {:.6g} is {:.1f} deviations above the median {:.6g} of the steps before",
                       what, value, window.deviations(value), window.median());
  };
  const double loss = figures.loss, norm = figures.gradient_norm, sigmas = config_.spike_sigma;
  if (loss_stands_out(figures) && (!losses_.reaches(loss, sigmas) || streak_ >= longest_streak())) {
    return text("the loss", losses_, loss);
  }
  const bool is_new = norm_stands_out(figures) && !norms_.reaches(norm, sigmas);
  return is_new ? text("the gradient norm", norms_, norm) : "";
}

void Guard::note_outlier(const StepFigures& figures) {
  ++streak_;
  streak_losses_.add(figures.loss);
  streak_norms_.add(figures.gradient_norm);
}

void Guard::end_streak() {
  for (const double loss : streak_losses_.values()) losses_.add(loss);
  for (const double norm : streak_norms_.values()) norms_.add(norm);
  streak_losses_.clear();
  streak_norms_.clear();
  streak_ = 0;
}

void Guard::take(const StepFigures& figures) {
  if (loss_stands_out(figures)) return note_outlier(figures);
  end_streak();
  losses_.add(figures.loss);
  norms_.add(figures.gradient_norm);
}

StepOutcome Guard::refuse(std::int64_t step, const StepFigures& figures, bool reproduced,
                          const std::string& problem) {
  if (!config_.enabled) give_up(step, problem, "");
  const bool trusted = reproduced && figures.finite;
  const bool bounded = trusted && is_bounded(figures);
  const bool high_loss = trusted && loss_stands_out(figures);
  if (bounded && !high_loss) return StepOutcome::outlier;  // a gradient that will be clipped
  if (streak_ >= (high_loss ? longest_streak() : config_.skips))
    return go_back(step, problem, batch_of(step) + 1);
  if (bounded) return StepOutcome::outlier;
  if (!trusted) {
    ++streak_;
    return StepOutcome::skipped;
  }
  note_outlier(figures);
  refused_loss_ = std::max(refused_loss_, figures.loss);
  refused_norm_ = std::max(refused_norm_, figures.gradient_norm);
  return StepOutcome::skipped;
}

StepOutcome Guard::refuse_replicas(std::int64_t step, const std::string& problem) {
  return go_back(step, problem, -1);
}

StepOutcome Guard::go_back(std::int64_t step, const std::string& problem, std::int64_t next_batch) {
  if (rewind_.num_rewinds >= config_.rewinds) {
    give_up(step, problem,
            fmt::format(", {} steps before it were wrong or outliers, and guard.rewinds = {} is "
                        "used up",
                        streak_, config_.rewinds));
  }
  rewind_ = {rewind_.num_rewinds + 1, next_batch};
  return StepOutcome::rewind;
}

void Guard::go_on(std::int64_t step, const Rewind& rewind) {
  rewind_ = rewind;
  streak_ = 0;
  streak_losses_.clear();
  streak_norms_.clear();
  if (rewind.next_batch >= 0) batches_ahead_ = rewind.next_batch - step;
}

nlohmann::json Guard::state() const {
  return {{"losses", losses_.values()},
          {"gradient_norms", norms_.values()},
          {"streak_losses", streak_losses_.values()},
          {"streak_norms", streak_norms_.values()},
          {"refused_loss", refused_loss_},
          {"refused_norm", refused_norm_},
          {"skipped", streak_},
          {"batches_ahead", batches_ahead_},
          {"rewinds", rewind_.num_rewinds}};
}

void Guard::load(const JsonFields& state) {
  restore(losses_, state, "losses");
  restore(norms_, state, "gradient_norms");
  if (state.has("streak_losses")) {  // earlier versions skipped every outlier
    restore(streak_losses_, state, "streak_losses");
    restore(streak_norms_, state, "streak_norms");
    refused_loss_ = state.number("refused_loss", 0, max_figure);
    refused_norm_ = state.number("refused_norm", 0, max_figure);
  }
  streak_ = state.integer("skipped", 0, max_count);
  batches_ahead_ = state.integer("batches_ahead", 0, max_count);
  rewind_ = {state.integer("rewinds", 0, max_count), -1};
}

}  // namespace switchyard
