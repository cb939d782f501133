// The modes of the routing benchmark that move rows and compute nothing: dispatch, combine,
// round_trip.
#pragma once

#include <functional>

#include "launch/bench/routing_case.h"
#include "launch/bench/routing_traffic.h"
#include "router/config.h"
#include "router/exchange/workload.h"
#include "runtime/comm/comm.h"

namespace switchyard::bench {

// Collective over all ranks, which form one expert group. The oracle looks first: result.wrong.
RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, Comm& world,
                               Stream& stream);

// Collective. One exchange each way of the plan's rows as they lie, by MPI_Alltoallv or whatever
// moves the rows of a GPU, and a copy of the same bytes by all ranks at once: result.raw,
// result.plain (of the host only) and result.copy. As with an exchange, an iteration begins with
// both sides just written.
void measure_baselines(const Plan& plan, Legs legs, std::int64_t row_bytes, int iterations,
                       Comm& world, Stream& stream, RoutingResult& result);

// Of the router's table for a case.
RouterConfig router_config(const RoutingCase& what, const RoutingSweep& sweep);

// What a rank routes in an iteration, of the case's workload.
using Draw = std::function<DrawnRouting(int rank, std::int64_t iteration)>;
// Collective.
Draw draw_of(const RoutingCase& what, const RoutingSweep& sweep, Comm& world);

}  // namespace switchyard::bench
