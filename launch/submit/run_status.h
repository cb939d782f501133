// The state of a run, by its directory, and of its job, by Slurm.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "launch/host/slurm.h"
#include "launch/run/run_directory.h"

namespace switchyard {

struct RunStatus {
  std::filesystem::path run;
  RunState state;
  int attempts = 0;
  bool alive = false;  // the newest attempt's owner (launch/run/attempts.h)
  std::optional<double> loss, validation_loss, tokens_per_second,
      goodput;  // the newest in metrics.jsonl
  std::int64_t steps_done = 0;
  std::string job;  // empty: it was never submitted
  std::optional<SlurmJobStatus> slurm;
};

// Errors: Exit::usage if the folder is not a run directory; Exit::data if its files are damaged.
RunStatus run_status(const std::filesystem::path& run);

// True if the run is queued or its ranks are alive, so that waiting for it makes sense.
bool is_under_way(const RunStatus& status);

// What is unknown is null.
nlohmann::ordered_json status_json(const RunStatus& status);

// Returns lines of at most `width` columns, each with its newline.
std::string status_text(const RunStatus& status, int width);

}  // namespace switchyard
