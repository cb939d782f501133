// `switchyard scaling sweep`: the configs of runs to fit a law to, and a Slurm array of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/config/config.h"
#include "launch/scaling/run_size.h"
#include "launch/submit/batch_script.h"

namespace switchyard::scaling {

struct SweepOptions {
  ConfigSources base;
  std::vector<std::int64_t> widths;  // of model.hidden; empty, here and below: that of the base
  std::vector<int> experts;          // of model.num_experts; 0: dense
  std::vector<int> top_k;
  std::vector<std::string> tokens;  // "5e6", or "20x" for 20 per active parameter
  std::int64_t vocabulary = 0;      // 0: the dataset's
  std::string folder;               // that must not exist
  BatchRequest request;             // of each task of the array
};

struct SweepRun {
  std::string name;  // "w64-e8-k2-s512"
  Config config;
  RunSize size;
};

// Every combination that is possible, in the order of the lists. Heads keep their size, the widths
// of FFNs and experts scale with hidden and round to 8, and warm-up and decay scale with the steps.
// Errors: Exit::usage if a combination cannot be a config, naming it.
std::vector<SweepRun> sweep_runs(const SweepOptions& options);

// Writes NAME.toml of each run, list.txt and array.sh into options.folder, and starts nothing.
// Errors: Exit::usage if the folder exists; Exit::storage.
void write_sweep(const SweepOptions& options, const std::vector<SweepRun>& runs);

std::string sweep_report(const SweepOptions& options, const std::vector<SweepRun>& runs);

}  // namespace switchyard::scaling
