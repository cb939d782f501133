// The supervisor: starts the ranks of a run, passes signals on to them, and starts them again from
// the newest good checkpoint when they die.
#pragma once

#include <string>
#include <vector>

#include "launch/config/config.h"

namespace switchyard::supervise {

struct SupervisorOptions {
  ConfigSources config;
  std::vector<std::string> launcher;  // "mpirun", "-n", "8"; empty: one process
  int max_failures = 3;               // without progress
  std::string script;  // of the batch job, submitted as the next link where requeueing is refused
};

// Runs `LAUNCHER switchyard train CONFIG --resume` until the run is done, and returns the exit
// code. SIGUSR1 and SIGTERM let the ranks save; inside a Slurm job it is then put back in the
// queue. SIGINT saves and ends, a second one ends without saving. Errors: Exit::usage if the config
// cannot be read.
int supervise(const SupervisorOptions& options);

}  // namespace switchyard::supervise
