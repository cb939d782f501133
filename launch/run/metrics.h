// metrics.jsonl: one object per step, printed so that no bit of a number is lost (docs/train.md
// lists the fields).
#pragma once

#include <string>

#include "launch/run/step_times.h"
#include "train/step_report.h"

namespace switchyard {

// How a step ran, as opposed to what it computed: this differs from layout to layout.
struct StepCourse {
  double time = 0.0;  // when it ended, seconds since 1970
  StepTimes times;
  double goodput = 0.0;  // share of the time since the run's first start that its steps took
};

// Bytes that left a rank in a step, by the seconds that a rank was exchanging; mean over ranks.
double exchange_bandwidth(const StepReport& report, const StepTimes& times, int num_ranks);

// One line without its newline; what differs from layout to layout stands in its last field,
// "course". A number that is not finite stands as null, and its name in "not_finite".
std::string metrics_line(int attempt, int num_ranks, const StepReport& report,
                         const StepCourse& course);

// One line for a placement of experts while training: {attempt, step, placement: [...]}. step:
// steps done.
std::string placement_line(int attempt, const PlacementReport& report);

// One line for an evaluation while training: {attempt, step, validation_loss}. step: steps done.
std::string validation_line(int attempt, std::int64_t step, double loss);

// One line for a step that the guard did not take as it was: {attempt, step, guard: "repeated",
// "skipped" or "rewind", problem}.
std::string guard_line(int attempt, const StepReport& report);

// One line for a committed checkpoint: {attempt, step, time, checkpoint, save_seconds}.
struct SavedCheckpoint {
  std::int64_t step = 0;  // steps done
  std::string name;       // of its folder
  double time = 0.0;      // of the commit, seconds since 1970
  double seconds = 0.0;   // from its beginning, behind the training or not
};
std::string checkpoint_line(int attempt, const SavedCheckpoint& saved);

}  // namespace switchyard
