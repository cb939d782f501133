// Topology: which ranks of a group share a node.
#pragma once

#include <memory>
#include <vector>

#include "runtime/comm/comm.h"

namespace switchyard {

struct Topology {
  std::unique_ptr<Comm> node;           // the ranks of the group that share memory with this rank
  std::vector<std::vector<int>> ranks;  // [nodes]: the group's ranks on each, ascending; nodes
                                        // are numbered by their lowest rank
  std::vector<int> node_of;             // [group]: the node of each rank
  int my_node = 0;

  int num_nodes() const { return static_cast<int>(ranks.size()); }
  int smallest_node() const;
};

// Collective. ranks_per_node splits each node into groups of that many ranks, which count as nodes:
// it makes one machine look like a cluster. 0 keeps the real nodes.
Topology make_topology(Comm& group, int ranks_per_node);

}  // namespace switchyard
