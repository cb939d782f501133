// Measures what the machine can do at best, with all ranks working at the same time.
#pragma once

#include "launch/plan/rates.h"
#include "runtime/comm/comm.h"

namespace switchyard::plan {

// Collective. Takes about a second and returns medians. With one rank, `exchange` measures memory.
MachineLimits measure_limits(Comm& world, Stream& stream);

}  // namespace switchyard::plan
