// A rehearsal: a few steps of a run on rows of its dataset, or on made-up tokens, at the run's own
// widths but cut down to a few layers. Its parts give the rates that predict the whole run.
#pragma once

#include <functional>
#include <string>

#include "io/tokens/token_store.h"
#include "launch/plan/rates.h"
#include "runtime/comm/comm.h"

namespace switchyard::plan {

// Returns the config cut down for `num_ranks` ranks: fewer micro-batches, and only as many experts
// as fit into about a gigabyte, in two to eight layers. Gates of later layers share the tokens out
// otherwise than the first ones.
Config rehearsal_config(const Config& config, int num_ranks);

// Collective. Returns why the rehearsal does not fit into the memory that is left here, which would
// end with the kernel killing a process, or nothing if it does fit.
std::string too_large_to_rehearse(const Config& config, std::int64_t vocabulary, int threads,
                                  Comm& world);

// How the rehearsal says what it does; a step is not worth a line in a log.
enum class Stage : bool { same, next };
using Tell = std::function<void(const std::string& text, Stage stage)>;

// Collective. Takes seconds to minutes, and tells what it does. The returned program_bytes are the
// maximum over ranks. store: the run's dataset, or nullptr to make up tokens. Errors: those of a
// run.
Rates rehearse(const Config& config, std::int64_t vocabulary, const TokenStore* store, int threads,
               Comm& world, const Tell& tell);

}  // namespace switchyard::plan
