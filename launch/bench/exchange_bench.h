// The modes of the routing benchmark that only move rows: dispatch, combine and round_trip.
#pragma once

#include <functional>

#include "launch/bench/routing_case.h"
#include "launch/bench/routing_traffic.h"
#include "router/config.h"
#include "router/exchange/workload.h"
#include "runtime/comm/comm.h"

namespace switchyard::bench {

// Collective over all ranks, which form one expert group. The oracle checks the rows first:
// result.wrong.
RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, Comm& world,
                               Stream& stream);

// Collective. Measures an exchange of the plan's rows, packed already, by MPI_Alltoallv or whatever
// moves the rows of a GPU, and a copy of the same bytes by all ranks at once: result.raw,
// result.plain (on the host only) and result.copy. As with an exchange, both sides have just been
// written when an iteration begins.
void measure_baselines(const Plan& plan, Legs legs, std::int64_t row_bytes, int iterations,
                       Comm& world, Stream& stream, RoutingResult& result);

// The [router] configuration of a case.
RouterConfig router_config(const RoutingCase& what, const RoutingSweep& sweep);

// Returns what a rank routes in an iteration, by the case's workload.
using Draw = std::function<DrawnRouting(int rank, std::int64_t iteration)>;
// Collective.
Draw draw_of(const RoutingCase& what, const RoutingSweep& sweep, Comm& world);

}  // namespace switchyard::bench
