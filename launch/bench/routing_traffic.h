// Counts the bytes of an exchange, and how many of them leave a rank or a node.
#pragma once

#include <cstdint>
#include <string>

#include "launch/bench/routing_case.h"
#include "router/payload.h"
#include "router/plan/plan.h"
#include "runtime/comm/topology.h"

namespace switchyard::bench {

// How often a mode sends rows to experts and brings results back.
struct Legs {
  int dispatches = 0, combines = 0;
};

// The result of a case on these ranks before anything was measured.
RoutingResult result_of(const RoutingCase& what, const Topology& topology, const Comm& world);

// Collective. Fills in the bytes and the load of `result` from this rank's plan. hidden: elements
// of a row.
void count_traffic(const Plan& plan, Legs legs, const std::string& exchange, Payload payload,
                   std::int64_t hidden, const Topology& topology, Comm& experts, Stream& stream,
                   RoutingResult& result);

}  // namespace switchyard::bench
