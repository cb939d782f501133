// Refuses a run whose ranks will not fit into a node, before the kernel kills one of them.
#pragma once

#include <cstdint>

#include "launch/config/config.h"
#include "runtime/comm/comm.h"

namespace switchyard::plan {

// Collective. Does nothing for run.device = "cuda", whose memory is mostly on the GPUs, or with
// run.check_memory = false. expert_degree: of the mesh. Errors: agreed; Exit::usage with what the
// ranks of a node need (memory_plan), what the node has left, and what to do.
void require_memory_at_start(const Config& config, std::int64_t vocabulary, int expert_degree,
                             Comm& world);

}  // namespace switchyard::plan
