// Bringing a node-local checkpoint home to the shared run directory, from where any number of ranks
// goes on from it.
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
  std::optional<std::filesystem::path> folder;  // a checkpoint of the run like any other
  std::vector<std::string> notes;  // what was rebuilt, and what was passed over and why
};

// Collective. The newest node-local checkpoint that counts (io/checkpoint/run_line.h), is newer
// than `newer_than`, and is whole or can be rebuilt, is written into run_directory/checkpoints and
// committed there; every byte is read back. Fails no run: what could not be used is a note.
LocalFetch fetch_local_checkpoint(const std::filesystem::path& run_directory,
                                  const LocalDisks& disks, std::optional<CheckpointId> newer_than,
                                  Comm& world);

}  // namespace switchyard
