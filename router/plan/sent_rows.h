// SentRows: how many rows of plans stay on their rank, stay on its node, or leave it.
#pragma once

#include <cstdint>
#include <vector>

#include "router/plan/plan.h"

namespace switchyard {

// Rows are (token, choice) pairs. Each travels four times in a step: out and home, forward and
// backward. An exchange that sends a token once to a node moves fewer across the network.
struct SentRows {
  std::int64_t own_rank = 0, own_node = 0, other_nodes = 0;
};

// Adds the rows that leave home by this plan. node_of: [group], the node of each rank of the expert
// group; rank: mine in it.
void add_sent_rows(const Plan& plan, const std::vector<int>& node_of, int rank, SentRows& sum);

}  // namespace switchyard
