// Places experts for a measured load: replicates the busiest and packs them evenly in the manner of
// EPLB (DeepSeek 2025, github.com/deepseek-ai/EPLB), then exchanges pairs, and moves few experts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "experts/placement.h"

namespace switchyard {

// What a placement depends on besides the load. Every rank keeps its number of slots.
struct PlacementConstraints {
  std::vector<int> node_of;              // [ranks]; nodes are numbered from 0
  std::vector<std::vector<int>> groups;  // of experts, each expert in one. If every group fits on a
                                         // node, no group is split over two. Empty: no groups
};

// The largest load of a rank over the mean, if the replicas of an expert share its load evenly. 1
// is perfect balance. load: [experts], not negative.
double predicted_max_over_mean(const Placement& placement, std::span<const std::int64_t> load);

// Returns the placement with the smallest maximum load of a rank that greedy packing and exchanges
// of pairs find (exact packing is NP-hard). Starts from `now` if the result is about as good, and
// keeps experts on their ranks and in their slots where it can. A pure function: equal arguments
// give equal placements.
Placement balanced_placement(const Placement& now, std::span<const std::int64_t> load,
                             const PlacementConstraints& constraints);

}  // namespace switchyard
