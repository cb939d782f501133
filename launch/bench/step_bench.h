// Mode `step` of the routing benchmark: a whole training step.
#pragma once

#include "launch/bench/bench_ranks.h"
#include "launch/bench/figures/routing_result.h"

namespace switchyard::bench {

// Collective. Measures repeat number `repeat` of a case: trains a model of two layers on made-up
// tokens, one micro-batch of what.tokens on each rank. Workload `model` lets its gates choose; with
// any other one they take its choices, and weight them by their own logits. Each layer of a step
// takes the next draw. The rows that ranks received are counted; bytes on the wire and baselines
// are not known from outside, and nothing is checked.
RoutingResult measure_step(const RoutingCase& what, const RoutingSweep& sweep, int repeat,
                           BenchRanks& ranks, Stream& stream);

}  // namespace switchyard::bench
