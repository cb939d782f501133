// Submits a run to Slurm, after checking everything that can be checked before it is queued.
#pragma once

#include <optional>
#include <string>

#include "launch/config/config.h"
#include "launch/submit/batch_script.h"

namespace switchyard {

struct Submission {
  ConfigSources config;
  BatchRequest request;  // submit() fills in program, run, folder and an empty name
  std::optional<std::string> partition, account;  // override those of the site
  bool dry_run = false;
};

struct Submitted {
  std::string script;  // the text of the batch script
  std::string job;     // empty after a dry run
  std::filesystem::path run;
  std::string memory;  // a line: what the ranks of a node need, and what a node has
};

// Writes submit/job.sh and submit/config.toml into the run directory and submits the script to
// Slurm. A dry run writes nothing. Errors: Exit::usage if the config, layout or request cannot work
// or does not fit the nodes' memory, or if sbatch refuses; Exit::data for missing data; Exit::busy
// if the run is in progress, or its last job has not ended.
Submitted submit(const Submission& submission);

// Returns the last job that submit() made for this run. Errors: Exit::usage if there is none.
std::string submitted_job(const std::filesystem::path& run);

}  // namespace switchyard
