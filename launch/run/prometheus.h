// metrics.prom: the newest figures of a run in the text format of Prometheus, for the textfile
// collector of node_exporter (docs/see-a-run.md lists them).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "launch/run/metrics.h"

namespace switchyard {

struct RunFigures {
  std::string run;  // a label of every sample
  int attempt = 0;
  int num_ranks = 1;
  std::int64_t steps = 0;  // of the whole run
  StepReport step;         // the newest
  StepCourse course;
  EnergyUse energy{};  // of this attempt
  std::optional<double> validation_loss;
  std::optional<SavedCheckpoint> checkpoint;  // the newest of this attempt
};

std::string prometheus_text(const RunFigures& figures);

}  // namespace switchyard
