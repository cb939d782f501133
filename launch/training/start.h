// The start of an attempt: takes the run directory, and finds the checkpoint to go on from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/tokens/token_store.h"
#include "launch/config/config.h"
#include "launch/run/run_directory.h"
#include "runtime/comm/comm.h"
#include "train/guard/guard.h"

namespace switchyard {

struct Start {
  int attempt = 0;                   // 0: there was nothing to do, and none was taken
  std::int64_t steps_done = 0;       // of the checkpoint
  bool evaluated = false;            // on rank 0: the checkpoint has a validation loss
  bool stopped_early = false;        // the run ended there because its loss had stopped falling
  std::filesystem::path checkpoint;  // empty: from step 0
  std::vector<std::string> notes;    // on rank 0: checkpoints passed over and why, keys changed
  std::optional<Rewind> rewind;      // set if the guard sent the run back to the checkpoint
};

// What a start is to do, besides its config.
struct StartGoal {
  bool resume = false;
  std::int64_t stop_before = 0;  // 0: train.steps are the goal
  bool can_evaluate = false;     // there is validation data
};

// Collective. Waits up to 15 s for a live owner, picks the newest checkpoint that verifies (each
// rank reads a share, and all get the same result), takes the attempt and writes config.toml. If
// the checkpoint has reached the goal, it changes nothing.
// Errors, agreed: Exit::usage if the directory was used and `goal.resume` is false, or if the
// config changed what may not change; Exit::busy; Exit::data; Exit::storage; Exit::requeue if
// a signal asks to stop meanwhile.
Start start_attempt(const RunDirectory& directory, const Config& config, const TokenStore& store,
                    const StartGoal& goal, Comm& world);

// Collective. Starts the attempt after `attempt`, which is this process's own and must end. The new
// one goes on from the checkpoint that the guard chose; later ones are superseded
// (io/checkpoint/run_line.h). Errors, agreed: Exit::numerical, with `problem`, if there is no good
// checkpoint; Exit::busy.
Start go_back(const RunDirectory& directory, int attempt, const GuardConfig& guard,
              const Rewind& rewind, const std::string& problem, Comm& world);

// Collective. Starts the attempt after `attempt`, this process's own, from what that saved last.
// Errors, agreed: Exit::data if it cannot be read back; Exit::busy.
Start go_on_elsewhere(const RunDirectory& directory, int attempt, Comm& world);

}  // namespace switchyard
