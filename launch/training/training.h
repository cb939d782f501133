// `switchyard train`: from a config to a finished, stopped or failed run.
#pragma once

#include <cstdint>
#include <memory>

#include "launch/config/config.h"
#include "runtime/comm/comm.h"
#include "runtime/error.h"
#include "runtime/flight_record.h"

namespace switchyard {

struct TrainingOptions {
  ConfigSources config;
  bool resume = false;
  bool profile = false;  // print the step by part at the end, and write RUN/profile
  std::int64_t stop_before =
      0;  // save and leave when this step is reached, as on SIGTERM; 0: never
};

// Collective. Exit::done, or Exit::requeue when it was asked to stop and saved. What can fail
// before the first step is an agreed error. `record`: of the communicator; the
// watchdog reads it.
Exit train(const TrainingOptions& options, FlightRecord& record, std::unique_ptr<Comm> world);

}  // namespace switchyard
