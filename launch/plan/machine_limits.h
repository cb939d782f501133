// Measures what the machine can do at best, with all ranks working at the same time.
#pragma once

#include <functional>

#include "launch/plan/rates.h"
#include "runtime/comm/comm.h"

namespace switchyard::plan {

// Collective. Takes about a second and returns medians. With one rank, `exchange` measures memory.
MachineLimits measure_limits(Comm& world, Stream& stream);

// Collective. The seconds of `work`, which all ranks begin at once: the median of a few rounds
// after one that does not count, averaged over the ranks.
double seconds_of_work(Comm& world, const std::function<void()>& work);

}  // namespace switchyard::plan
