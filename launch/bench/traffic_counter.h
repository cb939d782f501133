// TrafficCounter: counts what an exchange sends on these ranks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/bench/bench_ranks.h"
#include "launch/bench/figures/routing_traffic.h"
#include "router/exchange/relay_plan.h"
#include "router/plan/plan.h"

namespace switchyard::bench {

// Counts what an exchange sends for a plan: rows as they are, or by the relays' route of the
// hierarchical exchange.
class TrafficCounter {
 public:
  // Collective. exchange: its name.
  TrafficCounter(const std::string& exchange, const RoutingCase& what, BenchRanks& ranks);

  // Collective, once for each iteration.
  void count(const Plan& plan, Stream& stream);
  // Puts the traffic of every iteration into `result`, which has their times, and the ranks' sums.
  void give(RoutingResult& result) const;

 private:
  RankTraffic of_this_rank(const Plan& plan, Stream& stream);

  RoutingCase what_;
  BenchRanks& ranks_;
  std::optional<Rails> rails_;
  std::vector<Traffic> traffic_;  // [iterations]
  std::vector<RankSums> sums_;
};

}  // namespace switchyard::bench
