// A run on its way to Slurm: everything is checked before anything queues.
#pragma once

#include <optional>
#include <string>

#include "launch/config/config.h"
#include "launch/submit/batch_script.h"

namespace switchyard {

struct Submission {
  ConfigSources config;
  BatchRequest request;  // program, run, folder and an empty name are filled in
  std::optional<std::string> partition, account;  // over the site's
  bool dry_run = false;
};

struct Submitted {
  std::string script;  // its text
  std::string job;     // empty: a dry run
  std::filesystem::path run;
  std::string memory;  // what a node's ranks need and what it has, in a line
};

// Writes submit/job.sh and submit/config.toml into the run directory and hands the script to Slurm.
// A dry run writes nothing. Errors: Exit::usage for a config, layout or request that cannot work
// or does not fit the nodes' memory, or what sbatch refuses; Exit::data for missing data;
// Exit::busy if the run is under way, or its last job is not over.
Submitted submit(const Submission& submission);

// The job that `submit` made last for this run. Errors: Exit::usage if there is none.
std::string submitted_job(const std::filesystem::path& run);

}  // namespace switchyard
