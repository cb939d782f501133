#include "train/guard/step_trial.h"

#include <algorithm>
#include <cmath>

namespace switchyard {
namespace {

bool is_near(double a, double b) { return std::abs(a - b) <= 1e-3 * std::abs(b); }

}  // namespace

StepTrial::StepTrial(const Guard& guard, std::int64_t step)
    : guard_(guard), twice_(guard.computes_twice(step)) {}

TrialVerdict StepTrial::judge(const StepFigures& figures) {
  std::string problem = guard_.problem_with(figures);
  const bool sound = problem.empty();
  const bool confirmed =
      !twice_ || std::find(tries_.begin(), tries_.end(), figures) != tries_.end();
  if (sound && !confirmed && !tries_.empty()) problem = "computed twice, it gave two gradients";
  if (problem_.empty()) problem_ = problem;
  if (sound && confirmed) return TrialVerdict::take;
  tries_.push_back(figures);
  const std::ptrdiff_t max_tries = !guard_.enabled() ? 1 : twice_ ? 3 : 2;
  return std::ssize(tries_) < max_tries ? TrialVerdict::again : TrialVerdict::refuse;
}

bool StepTrial::reproduced() const {
  const StepFigures& last = tries_.back();
  return std::any_of(tries_.begin(), tries_.end() - 1, [&](const StepFigures& one) {
    return is_near(one.loss, last.loss) && is_near(one.gradient_norm, last.gradient_norm) &&
           one.gradient_hash == last.gradient_hash;
  });
}

}  // namespace switchyard
