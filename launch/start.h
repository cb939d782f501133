// The start of an attempt: who may use the run directory, and what to go on from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/token_store.h"
#include "launch/config.h"
#include "launch/run_directory.h"
#include "runtime/comm.h"

namespace switchyard {

struct Start {
  int attempt = 0;
  std::filesystem::path checkpoint;  // empty: from step 0
  std::vector<std::string> notes;    // on rank 0: checkpoints that were passed over, and why
};

// Collective. Waits up to 15 s for a live owner, picks the newest checkpoint that verifies (rank 0
// alone, so that no two ranks can differ), takes the attempt and writes config.toml. Errors,
// agreed: Exit::usage if the directory was used and `resume` is false, or if the config changed
// what may not change; Exit::busy; Exit::data; Exit::storage.
Start start_attempt(const RunDirectory& directory, const Config& config, const TokenStore& store,
                    bool resume, Comm& world);

}  // namespace switchyard
