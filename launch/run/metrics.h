// metrics.jsonl: one JSON object per event of a run, in which every number reads back as the same
// double (docs/see-a-run.md lists the fields). Every line begins with {kind, attempt, step}; step
// counts the steps done, with the one that the line is about.
#pragma once

#include <string>

#include "launch/run/energy.h"
#include "launch/run/step_times.h"
#include "train/islands/island_report.h"
#include "train/step_report.h"

namespace switchyard {

// How a step ran, as opposed to what it computed. It differs from layout to layout.
struct StepCourse {
  double time = 0.0;  // when it ended, seconds since 1970
  StepTimes times;
  double goodput =
      0.0;             // share of the time since the run's first start that was spent in its steps
  EnergyUse energy{};  // since the line before; 0 joules: unknown
};

// Bytes per second: what leaves a rank in a step over the time it spends in exchanges; mean over
// ranks.
double exchange_bandwidth(const StepReport& report, const StepTimes& times, int num_ranks);

// A "step" line without its newline. What differs from layout to layout is in the field "course". A
// number that is not finite is printed as null, and "not_finite", at the end of its object, names
// it.
std::string metrics_line(int attempt, int num_ranks, const StepReport& report,
                         const StepCourse& course);

// The choices of every "experts" by its id: {..., layers: [{layer, counts: [experts]}]}.
std::string experts_line(int attempt, const StepReport& report);

// A "placement" of experts while training: {..., placement: [...]}.
std::string placement_line(int attempt, const PlacementReport& report);

// What "islands" agreed on: {..., fragment, moved, bytes, waited, islands: [{loss, distance,
// not_finite, skipped}], drifting: [numbers of islands]}.
std::string islands_line(int attempt, const IslandReport& report);

// A "validation" while training: {..., validation_loss}, and loss_of_sources if there are several.
std::string validation_line(int attempt, std::int64_t steps_done, const Evaluation& evaluation);

// A step that the guard did not accept at first, a "repeat", "outlier", "skip" or "rewind": {...,
// guard: "repeated", "outlier", "skipped" or "rewind", problem, rows: {source: rows of the batch}}.
std::string guard_line(int attempt, const StepReport& report);

// The "save" of a committed checkpoint: {..., time, checkpoint, save_seconds}.
struct SavedCheckpoint {
  std::int64_t step = 0;  // steps done
  std::string name;       // of its folder
  double time = 0.0;      // of the commit, seconds since 1970
  double seconds = 0.0;   // of the save, which may run in the background
};
std::string checkpoint_line(int attempt, const SavedCheckpoint& saved);

}  // namespace switchyard
