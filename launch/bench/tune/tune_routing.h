// `switchyard bench routing --tune`: measures a site, describes it as a ClusterModel, and checks
// that by cases that the description was not fitted to.
#pragma once

#include <memory>

#include "launch/bench/routing_bench.h"
#include "runtime/comm/comm.h"

namespace switchyard::bench {

// Collective. Measures round trips of each exchange in turns, for about options.tune_seconds, fits
// a ClusterModel on rank 0, writes it to options.output (none if empty), and prints each case that
// was held out as predicted and as measured, and the exchange for each size. Returns Exit::gate if
// a held-out case was predicted wrong by more than a fifth. Errors: agreed; Exit::usage for one
// rank, or nodes with unequal numbers of them; Exit::internal if an exchange moved a wrong row.
Exit tune_routing(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks);

}  // namespace switchyard::bench
