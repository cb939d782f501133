// RunNotes: what an attempt writes down as it goes, for people and scripts: the log, and on rank 0
// metrics and state.json. A full disk costs a warning, never the run.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <optional>

#include "launch/host/unless_full.h"
#include "launch/run/run_directory.h"
#include "launch/run/run_metrics.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

class RunNotes {
 public:
  // num_steps: of the whole run.
  RunNotes(RunDirectory directory, int attempt, std::int64_t num_steps, const Mesh& mesh);

  spdlog::logger& log() { return *log_; }
  spdlog::logger& log_file() { return *log_file_; }  // not on stderr
  bool on_root() const { return metrics_.has_value(); }

  // On rank 0, calls note(RunMetrics&).
  template <class Note>
  void metrics(Note note) {
    if (metrics_) unless_full_([&] { note(*metrics_); });
  }
  // On rank 0, writes state.json.
  void state(const RunState& state);

 private:
  RunDirectory directory_;
  std::shared_ptr<spdlog::logger> log_, log_file_;
  UnlessFull unless_full_;
  std::optional<RunMetrics> metrics_;
};

}  // namespace switchyard
