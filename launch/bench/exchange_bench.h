// The modes of the routing benchmark that only move rows: dispatch, combine and round_trip.
#pragma once

#include "launch/bench/bench_ranks.h"
#include "launch/bench/figures/routing_result.h"
#include "router/config.h"
#include "router/plan/plan.h"

namespace switchyard::bench {

// Collective. Measures repeat number `repeat` of a case. The oracle checks the rows: before the
// first repeat a weighted round trip of a few tokens, and after the clock of each repeat's last
// iteration what that one moved (result.wrong).
RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, int repeat,
                               BenchRanks& ranks, Stream& stream);

// Collective. Measures an exchange of the plan's rows that leave their rank, packed already, by
// MPI_Alltoallv or whatever moves the rows of a GPU, and a copy of the bytes of all rows by all
// ranks at once: result.raw, result.plain (on the host only) and result.copy. As with an exchange,
// both sides have just been written when an iteration begins.
void measure_baselines(const Plan& plan, const RoutingCase& what, const RoutingSweep& sweep,
                       BenchRanks& ranks, Stream& stream, RoutingResult& result);

// The result of a case on these ranks before anything was measured.
RoutingResult result_of(const RoutingCase& what, const BenchRanks& ranks);

// The [router] configuration of a case.
RouterConfig router_config(const RoutingCase& what, const RoutingSweep& sweep);

}  // namespace switchyard::bench
