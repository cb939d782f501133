// StepTrial: the tries at one step, and whether one of them may change the weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/guard/guard.h"

namespace switchyard {

enum class TrialVerdict : std::uint8_t { take, again, refuse };

class StepTrial {
 public:
  // The caller keeps the guard.
  StepTrial(const Guard& guard, std::int64_t step);

  // One sound try is enough; a step that is computed twice needs two with the same figures.
  TrialVerdict judge(const StepFigures& figures);
  // The last try gave the figures of an earlier one, as a fault hardly would. Without train.exact
  // the last bits may differ.
  bool reproduced() const;
  // What was wrong with the first try that failed; empty if none did.
  const std::string& problem() const { return problem_; }

 private:
  const Guard& guard_;
  bool twice_;
  std::vector<StepFigures> tries_;
  std::string problem_;
};

}  // namespace switchyard
