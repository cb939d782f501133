// Chooses where a run keeps its node-local checkpoints.
#pragma once

#include <filesystem>
#include <string>

#include "io/local/local_disks.h"
#include "launch/config/config.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Collective. The name of the run's folder in checkpoint.local_dir has a hash of the record of its
// first start, so that a run never finds the files of an earlier run in the same run directory.
// Errors: agreed.
LocalStorage local_storage_of(const CheckpointConfig& config,
                              const std::filesystem::path& run_directory, Comm& world);

// "in /local/quickstart-1f3a5b7c, in sets of 2 of 4 nodes: one node of each set may be lost"
std::string redundancy_summary(const LocalDisks& disks);

}  // namespace switchyard
