// Which experts get a guest copy for one micro-batch of one layer, and whose rows it serves:
// experts with many rows are also computed by ranks that have few. Between steps,
// experts/balanced_placement.h does the same for a load that lasts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experts/placement.h"

namespace switchyard {

// In any unit, the same for all three; on all ranks alike.
struct StepCosts {
  std::int64_t row = 1;  // to compute a row, forward and backward
  std::int64_t near_copy =
      0;  // to bring an expert to a rank of the same node, and its gradient home
  std::int64_t far_copy = 0;  // the same between nodes
};

struct StepConstraints {
  std::vector<int> node_of;  // [ranks]
  int guest_slots = 0;       // of each rank
  StepCosts costs;
  double min_gain = 0.0;  // the share of the busiest rank's cost that guests must save at least
};

// `rank` computes `expert` with the weights of rank `from`.
struct Visit {
  int rank, expert, from;
  bool operator==(const Visit&) const = default;
};

struct StepPlacement {
  std::vector<Visit> visits;  // by rank, in the order of the rank's guest slots
  std::vector<int> server;  // [ranks, experts]: who computes what a rank's tokens want of an expert
  // Rows of the busiest rank, without guests and with them.
  std::int64_t max_rows_before = 0, max_rows = 0;
};

// rows: [ranks, experts], what the tokens of each rank want of each expert. All rows of one (rank,
// expert) have one server. Moves rows from the busiest rank to one with fewer, one expert at a
// time, and keeps the first moves up to the smallest cost of the busiest rank. A pure function:
// equal arguments give equal placements.
StepPlacement place_for_step(const Placement& now, std::span<const std::int64_t> rows,
                             const StepConstraints& constraints);

}  // namespace switchyard
