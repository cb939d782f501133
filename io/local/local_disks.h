// LocalDisks: where the ranks of a run keep node-local checkpoints, and which of them share a node.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/comm/comm.h"
#include "runtime/comm/topology.h"

namespace switchyard {

struct LocalStorage {
  std::filesystem::path directory;  // on a disk that belongs to the node; empty: none
  std::string run;                  // this run's folder in it
  int set_nodes = 2;                // in a redundancy set (io/local/redundancy_sets.h); at least 2
  int ranks_per_node = 0;  // treats this many ranks as a node with its own folder; 0: real nodes
};

struct LocalDisks {
  std::filesystem::path folder;  // the run's folder on this rank's node
  Topology topology;
  int set_nodes = 2;

  bool first_of_node() const { return topology.node->rank() == 0; }
};

// Collective.
LocalDisks find_local_disks(const LocalStorage& storage, Comm& world);

}  // namespace switchyard
