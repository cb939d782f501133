// metrics.jsonl: one object per step, printed so that no bit of a number is lost (docs/train.md
// lists the fields).
#pragma once

#include <string>

#include "train/step_report.h"

namespace switchyard {

// One line without its newline. A number that is not finite stands as null, and its name in
// "not_finite".
std::string metrics_line(int attempt, const StepReport& report);

// One line for a placement of experts while training: {attempt, step, placement: [...]}. step:
// steps done.
std::string placement_line(int attempt, const PlacementReport& report);

// One line for an evaluation while training: {attempt, step, validation_loss}. step: steps done.
std::string validation_line(int attempt, std::int64_t step, double loss);

}  // namespace switchyard
