// The modes of the routing benchmark that compute: one mixture-of-experts layer, forward and
// backward, and a whole training step.
#pragma once

#include "launch/bench/routing_case.h"
#include "model/config.h"
#include "runtime/comm/comm.h"

namespace switchyard::bench {

// Returns the model of mode step; mode layer measures one of its layers.
ModelConfig bench_model(const RoutingCase& what, const RoutingSweep& sweep);
inline constexpr std::int64_t step_vocabulary = 1024;

// Collective over all ranks. Tokens are made so that the gate itself chooses the workload's
// experts; result.wrong counts the choices for which it did not.
RoutingResult measure_layer(const RoutingCase& what, const RoutingSweep& sweep, Comm& world,
                            Stream& stream);

// Collective. Trains a model of two layers on made-up tokens, one micro-batch of what.tokens on
// each rank, and lets its own gates route them. Bytes on the wire and baselines are not known from
// outside and stay 0.
RoutingResult measure_step(const RoutingCase& what, const RoutingSweep& sweep, Comm& world,
                           Stream& stream);

}  // namespace switchyard::bench
