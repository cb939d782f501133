// The bytes of an exchange: what its rows weigh, and what of them leaves a rank or a node.
#pragma once

#include <cstdint>
#include <string>

#include "launch/bench/routing_case.h"
#include "router/payload.h"
#include "router/plan/plan.h"
#include "runtime/comm/topology.h"

namespace switchyard::bench {

// How often a mode sends rows out and brings rows home.
struct Legs {
  int dispatches = 0, combines = 0;
};

// A case on these ranks, before anything is known of it.
RoutingResult result_of(const RoutingCase& what, const Topology& topology, const Comm& world);

// Collective. Fills the bytes and the load of `result` from my plan. hidden: of a row.
void count_traffic(const Plan& plan, Legs legs, const std::string& exchange, Payload payload,
                   std::int64_t hidden, const Topology& topology, Comm& experts, Stream& stream,
                   RoutingResult& result);

}  // namespace switchyard::bench
