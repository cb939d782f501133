// Brings a node-local checkpoint home to the shared run directory, from where any number of ranks
// can load it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint_format.h"
#include "io/local/local_disks.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct LocalFetch {
  std::optional<std::filesystem::path> folder;  // now a checkpoint of the run like any other
  std::vector<std::string> notes;  // say what was rebuilt, and what was passed over and why
};

// Collective. Takes the newest node-local checkpoint that counts (io/checkpoint/run_line.h), is
// newer than `newer_than`, and is whole or can be rebuilt; writes it into
// run_directory/checkpoints, reads every byte back and commits it. A checkpoint that cannot be used
// is a note, not an error.
LocalFetch fetch_local_checkpoint(const std::filesystem::path& run_directory,
                                  const LocalDisks& disks, std::optional<CheckpointId> newer_than,
                                  Comm& world);

}  // namespace switchyard
