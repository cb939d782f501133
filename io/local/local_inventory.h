// What of a run's node-local checkpoints is on the disks of its nodes, and good.
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

// Collective. The ids of all that some node has a manifest of, the newest first.
std::vector<CheckpointId> list_local_checkpoints(const LocalDisks& disks, Comm& world);

struct LocalInventory {
  Manifest manifest;
  std::vector<RedundancySet> sets;
  std::vector<int> holder;  // [files of the manifest]: the lowest rank with a good copy; -1: none

  // -1 too for a file that the manifest does not name.
  int holder_of(const std::string& file) const;
  const FileEntry* find(const std::string& file) const;
};

// Collective. Reads every byte that the nodes have of this checkpoint. Nothing if no node has a
// manifest that is whole.
std::optional<LocalInventory> take_inventory(CheckpointId id, const LocalDisks& disks, Comm& world);

}  // namespace switchyard
