// Checks that the launcher in use starts ranks that find each other.
#pragma once

#include <string>
#include <vector>

#include "launch/doctor/finding.h"

namespace switchyard::doctor {

// Starts two ranks of `switchyard doctor --hello` with `launcher` ("srun", "--mpi=pmix", ...), and
// waits for them for at most 30 seconds.
Finding check_launcher(const std::vector<std::string>& launcher);

// Returns srun inside a Slurm job, else mpirun, with the options for two ranks.
std::vector<std::string> usual_launcher();

// What each of these ranks runs. Returns 0 if there are two that can communicate; rank 0 prints
// where they are.
int say_hello();

}  // namespace switchyard::doctor
