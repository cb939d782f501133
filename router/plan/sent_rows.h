// SentRows: how many rows of plans stay on their rank, go to a rank of its node, or leave the node.
#pragma once

#include <cstdint>
#include <vector>

#include "router/plan/plan.h"

namespace switchyard {

// Rows are (token, choice) pairs. Each travels four times in a step: dispatch and combine,
// forward and backward. An exchange that sends a token to a node once moves fewer rows across the
// network.
struct SentRows {
  std::int64_t own_rank = 0, own_node = 0, other_nodes = 0;
};

// Adds the rows that this plan sends. node_of: [group], the node of each rank of the expert group;
// rank: this rank in the group.
void add_sent_rows(const Plan& plan, const std::vector<int>& node_of, int rank, SentRows& sum);

}  // namespace switchyard
