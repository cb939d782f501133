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
  bool profile = false;          // prints the step by part at the end, and writes RUN/profile
  std::int64_t stop_before = 0;  // saves and leaves at this step, as on SIGTERM; 0: never
};

// Collective. Returns Exit::done, or Exit::requeue when the run was asked to stop and has saved.
// What can fail before the first step is an agreed error. record: the communicator's, which the
// watchdog reads.
Exit train(const TrainingOptions& options, FlightRecord& record, std::unique_ptr<Comm> world);

}  // namespace switchyard
