// What the machine can do at best, measured with all ranks at work at the same time.
#pragma once

#include "launch/plan/rates.h"
#include "runtime/comm/comm.h"

namespace switchyard::plan {

// Collective. About a second; medians. exchange is that of the memory where there is one rank.
MachineLimits measure_limits(Comm& world, Stream& stream);

}  // namespace switchyard::plan
