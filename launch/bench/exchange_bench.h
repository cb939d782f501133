// The modes of the routing benchmark that move rows and compute nothing: dispatch, combine,
// round_trip.
#pragma once

#include "launch/bench/routing_case.h"
#include "launch/bench/routing_traffic.h"
#include "router/workload.h"
#include "runtime/comm.h"

namespace switchyard {

// Collective over all ranks, which form one expert group. The oracle looks first: result.wrong.
RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, Comm& world);

// Collective. One MPI_Alltoallv each way of the plan's rows, and memcpy of the same bytes by all
// ranks at once: result.raw and result.copy.
void measure_baselines(const Plan& plan, Legs legs, std::int64_t row_bytes, int iterations,
                       Comm& world, RoutingResult& result);

// Of the router's table for a case.
RouterConfig router_config(const RoutingCase& what, const RoutingSweep& sweep);
Workload workload_of(const RoutingCase& what, const RoutingSweep& sweep, Comm& world);

}  // namespace switchyard
