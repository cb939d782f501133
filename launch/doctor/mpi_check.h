// Whether the launcher in use starts ranks that find each other.
#pragma once

#include <string>
#include <vector>

#include "launch/doctor/finding.h"

namespace switchyard::doctor {

// Starts two ranks of `switchyard doctor --hello` by `launcher` ("srun", "--mpi=pmix", ...), and
// waits half a minute at most.
Finding check_launcher(const std::vector<std::string>& launcher);

// srun inside a Slurm job, else mpirun; two ranks.
std::vector<std::string> usual_launcher();

// Of each rank. Exit code 0 if there are two that can talk; rank 0 prints where they are.
int say_hello();

}  // namespace switchyard::doctor
