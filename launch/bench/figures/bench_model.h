// The model that modes layer and step of the routing benchmark run.
#pragma once

#include "launch/bench/figures/routing_case.h"
#include "model/config.h"

namespace switchyard::bench {

// Returns the model of mode step; mode layer measures one of its layers.
ModelConfig bench_model(const RoutingCase& what, const RoutingSweep& sweep);
inline constexpr std::int64_t step_vocabulary = 1024;

// The ranks of an expert group in mode step: as the sweep says or, if it says nothing, as many as
// divide the ranks and have an expert each.
int step_group(const RoutingCase& what, const RoutingSweep& sweep, int num_ranks);

}  // namespace switchyard::bench
