// Checks that a job's nodes and GPUs have the memory that its ranks need, before the job is queued.
#pragma once

#include <string>
#include <vector>

#include "launch/plan/run_shape.h"
#include "launch/submit/batch_script.h"

namespace switchyard {

// Returns lines that say what the ranks of a GPU and of a node need, what these have, and the
// source of that (slurm.memory_per_gpu; slurm.memory_per_node, else sinfo: with nodes of several
// sizes, the most that request.nodes of them all have); or why it was not checked. Errors:
// Exit::usage if the ranks do not fit, with the numbers and what to do.
std::vector<std::string> check_memory(const plan::RunShape& shape, const BatchRequest& request,
                                      const SlurmConfig& site);

}  // namespace switchyard
