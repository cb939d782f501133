// The batch script of a run: readable, and kept in the run directory so that users can edit it and
// submit it again by hand.
#pragma once

#include <filesystem>
#include <string>

#include "launch/config/config.h"

namespace switchyard {

struct BatchRequest {
  int nodes = 1;
  int ranks_per_node = 0;  // 0, until settle_device: one for each GPU, and one without GPUs
  int cpus_per_rank = 1, gpus_per_node = 0;
  std::string time;           // in a form that Slurm accepts; empty: the partition's limit
  int warning_seconds = 120;  // before the time limit
  std::string name;           // of the job
  std::filesystem::path program, run, folder;  // absolute; folder: the current one at submission
};

// Quotes `text` as one word of bash, if it needs quotes.
std::string quoted_for_bash(const std::string& text);

std::string batch_script(const BatchRequest& request, const SlurmConfig& site);

// A job array of this many runs: task N trains the config that line N + 1 of request.run/list.txt
// names, a file of request.run. Logs are in request.run/logs.
std::string array_script(const BatchRequest& request, const SlurmConfig& site, int num_runs);

}  // namespace switchyard
