// A rehearsal: some steps of a run cut down to one or two layers of each kind, at its own widths,
// on made-up tokens. Its parts give the rates that the whole run is predicted with.
#pragma once

#include <memory>

#include "launch/plan/rates.h"
#include "runtime/comm/comm.h"

namespace switchyard::plan {

// The config cut down for `num_ranks` ranks: fewer layers, fewer micro-batches, and so few experts
// that they fit into about a gigabyte.
Config rehearsal_config(const Config& config, int num_ranks);

// Collective. A few seconds. Its program_bytes are those of the fullest rank. Errors: as of a run;
// Exit::usage if there is no room for it.
Rates rehearse(const Config& config, std::int64_t vocabulary, int threads,
               std::unique_ptr<Comm> world);

}  // namespace switchyard::plan
