// Predicts the time of one dispatch or combine on a cluster described by a few numbers.
#pragma once

#include <string>
#include <vector>

#include "launch/bench/predict/expected_traffic.h"

namespace switchyard::bench {

// Seconds of one rank.
struct LegTime {
  double travel = 0.0, packing = 0.0;
  double total() const { return travel + packing; }
};

// The legs of one exchange, of all ranks of `cluster`, which are one expert group.
class LegPrediction {
 public:
  LegPrediction(const ExpectedTraffic& traffic, const ClusterModel& cluster,
                const RoutingCase& what, const std::string& exchange);

  LegTime dispatch(int rank) const { return leg(rank, false); }
  LegTime combine(int rank) const { return leg(rank, true); }
  const std::vector<RankTraffic>& ranks() const { return ranks_; }

 private:
  LegTime leg(int rank, bool combine) const;
  double latency() const;
  double moved_rows(int rank, bool combine) const;
  double copied_rows(int rank, bool combine) const;

  const ExpectedTraffic& traffic_;
  const ClusterModel& cluster_;
  std::string exchange_;
  bool in_place_;  // combined rows already lie where they are needed
  double packing_factor_;
  double row_bytes_;  // of a row that travels
  double hidden_;
  double packed_bytes_;  // mean of those that packing a row reads and writes
  std::vector<RankTraffic> ranks_;
  std::vector<LegRows> dispatch_of_rail_, combine_of_rail_;  // [nodes, rails]
};

}  // namespace switchyard::bench
