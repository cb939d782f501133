// The first steps of a run on one layout, hashed.
#pragma once

#include <cstdint>
#include <memory>

#include "io/tokens/token_store.h"
#include "launch/config/config.h"
#include "launch/verify/layout_trace.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Collective. Trains from train.seed or train.initial on, and writes nothing: no run directory, no
// routing. The guard is off, as it answers to what it sees. Rank 0 gets the hashes. Errors: agreed,
// as those of training.
LayoutTrace trace_run(const Config& config, const TokenStore& store, std::int64_t num_steps,
                      std::unique_ptr<Comm> world);

}  // namespace switchyard
