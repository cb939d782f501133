// Finds what the disks of a run's nodes still have of its node-local checkpoints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint_format.h"
#include "io/folder/manifest.h"
#include "io/local/local_disks.h"
#include "io/local/redundancy_sets.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Collective. The checkpoints that some node has a manifest of, newest first.
std::vector<CheckpointId> list_local_checkpoints(const LocalDisks& disks, Comm& world);

struct LocalInventory {
  Manifest manifest;  // lists the files of all nodes; those of no set lie on every node
  std::vector<RedundancySet> sets;
  std::vector<int> holder;  // [files of the manifest]: the lowest rank with a good copy; -1: none

  // Also -1 for a file that the manifest does not name.
  int holder_of(const std::string& file) const;
  const FileEntry* find(const std::string& file) const;
  // All but the parity: the files of the checkpoint that comes home.
  std::vector<FileEntry> checkpoint_files() const;
};

// Collective. Reads every byte that the nodes have of this checkpoint. Returns nothing if no node
// has a whole manifest.
std::optional<LocalInventory> take_inventory(CheckpointId id, const LocalDisks& disks, Comm& world);

}  // namespace switchyard
