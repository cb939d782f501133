// Submits a run to Slurm, after checking everything that can be checked before it is queued.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/config/config.h"
#include "launch/submit/batch_script.h"

namespace switchyard {

struct Submission {
  ConfigSources config;
  BatchRequest request;  // submit() fills in program, run, folder, an empty name and the ranks
  std::optional<std::string> partition, account;  // override those of the site
  bool dry_run = false;
};

struct Submitted {
  BatchRequest request;  // complete
  Config config;         // as the ranks will read it
  std::string script;    // the text of the batch script
  std::string job;       // empty after a dry run
  // Lines: device and ranks, the time limit, what the ranks need of memory and what there is.
  std::vector<std::string> notes;
};

// Writes submit/job.sh and submit/config.toml into the run directory and submits the script to
// Slurm. A dry run writes nothing. Errors: Exit::usage if the config, layout or request cannot work
// or does not fit the nodes' memory, or if sbatch refuses; Exit::data for missing data; Exit::busy
// if the run is in progress, or its last job has not ended.
Submitted submit(const Submission& submission);
std::string submitted_config(const Submitted& made);  // the text of submit/config.toml

// Returns the last job that submit() made for this run. Errors: Exit::usage if there is none.
std::string submitted_job(const std::filesystem::path& run);

}  // namespace switchyard
