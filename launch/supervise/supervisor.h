// The supervisor: starts the ranks of a run, passes signals on to them, and starts them again from
// the newest good checkpoint when they die.
#pragma once

#include <string>
#include <vector>

#include "launch/config/config.h"

namespace switchyard::supervise {

struct SupervisorOptions {
  ConfigSources config;
  std::vector<std::string> launcher;  // "mpirun", "-n", "8"; empty: a single process
  int max_failures = 3;               // without progress
  std::string script;  // the batch script to submit again where Slurm refuses to requeue
};

// Runs `LAUNCHER switchyard train CONFIG --resume` until the run is done, and returns the exit
// code. On SIGUSR1 or SIGTERM the ranks save; a Slurm job is then put back in the queue. On SIGINT
// the ranks save and the run ends; a second SIGINT ends it without saving. Errors: Exit::usage if
// the config cannot be read.
int supervise(const SupervisorOptions& options);

}  // namespace switchyard::supervise
