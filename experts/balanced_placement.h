// Where experts should stand for a measured load: replication of the busiest and balanced packing
// in the manner of EPLB (DeepSeek 2025, github.com/deepseek-ai/EPLB), with exchanges of pairs
// after it, and few moves.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "experts/placement.h"

namespace switchyard {

// What a placement is for, besides the load. The ranks' numbers of slots stay as they are.
struct PlacementGround {
  std::vector<int> node_of;              // [ranks]; nodes are numbered from 0
  std::vector<std::vector<int>> groups;  // of experts, each expert in one: where every group fits
                                         // on a node, it stays on one. Empty: no groups
};

// Of the ranks' loads, if an expert's load divides evenly among its copies. 1 is perfect balance.
// load: [experts], not negative.
double predicted_max_over_mean(const Placement& placement, std::span<const std::int64_t> load);

// The placement whose busiest rank has the least load, as far as greedy packing and exchanging
// pairs find it (exact packing is NP-hard). Starts from `now` where that is about as good, and
// keeps experts on their ranks and in their slots where it can. A pure function: equal arguments
// give equal placements.
Placement balanced_placement(const Placement& now, std::span<const std::int64_t> load,
                             const PlacementGround& ground);

}  // namespace switchyard
