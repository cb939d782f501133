#include "train/guard/step_trial.h"

#include <algorithm>

namespace switchyard {

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

}  // namespace switchyard
