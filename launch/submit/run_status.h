// How a run stands: what its directory says, beside what Slurm says of its job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "launch/host/slurm.h"
#include "launch/run/run_directory.h"

namespace switchyard {

struct RunStatus {
  std::filesystem::path run;
  RunState state;
  int attempts = 0;
  std::optional<double> loss, validation_loss, tokens_per_second,
      goodput;  // newest in metrics.jsonl
  std::int64_t metrics_step = -1;
  std::string job;  // empty: never submitted
  std::optional<SlurmJobStatus> slurm;
};

// Errors: Exit::usage if the folder is no run; Exit::data if its files cannot be understood.
RunStatus run_status(const std::filesystem::path& run);

// Lines of at most `width` columns, each ended.
std::string status_text(const RunStatus& status, int width);

}  // namespace switchyard
