// A rehearsal: a few steps of a run on made-up tokens, at the run's own widths but cut down to one
// or two layers of each kind. Its parts give the rates that predict the whole run.
#pragma once

#include <memory>

#include "launch/plan/rates.h"
#include "runtime/comm/comm.h"

namespace switchyard::plan {

// Returns the config cut down for `num_ranks` ranks: fewer layers, fewer micro-batches, and only as
// many experts as fit into about a gigabyte.
Config rehearsal_config(const Config& config, int num_ranks);

// Collective. Takes a few seconds. The returned program_bytes are the maximum over ranks. Errors:
// those of a run; Exit::usage if there is not enough memory.
Rates rehearse(const Config& config, std::int64_t vocabulary, int threads,
               std::unique_ptr<Comm> world);

}  // namespace switchyard::plan
