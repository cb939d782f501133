// Mode `layer` of the routing benchmark: one mixture-of-experts layer, forward and backward.
#pragma once

#include "launch/bench/bench_ranks.h"
#include "launch/bench/figures/routing_result.h"

namespace switchyard::bench {

// Collective. Measures repeat number `repeat` of a case. Tokens are made so that the gate itself
// chooses the workload's experts; result.wrong counts the choices for which it did not, and the
// rows that a weighted round trip of the last iteration's routing by the layer's exchange, after
// the clock, got wrong.
RoutingResult measure_layer(const RoutingCase& what, const RoutingSweep& sweep, int repeat,
                            BenchRanks& ranks, Stream& stream);

}  // namespace switchyard::bench
