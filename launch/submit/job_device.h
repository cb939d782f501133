// The device that a job computes on, and how its ranks share the GPUs of their nodes.
#pragma once

#include <string>
#include <vector>

#include "launch/config/config.h"
#include "launch/submit/batch_script.h"

namespace switchyard {

// GPUs that are asked for set run.device, and give each node as many ranks, unless
// request.ranks_per_node is set. sets: --set of the command line. Errors: Exit::usage if the device
// and the GPUs contradict each other, or some GPUs would be idle.
void settle_device(const std::vector<std::string>& sets, Config& config, BatchRequest& request);

// "device cuda, 32 ranks on 32 GPUs", and what follows if ranks share GPUs.
std::string device_line(const Config& config, const BatchRequest& request);

// True if these options for sbatch ask for GPUs: "--gres=gpu:4", "--gpus-per-task 1", "-G 8".
bool asks_for_gpus(const std::string& options);

}  // namespace switchyard
