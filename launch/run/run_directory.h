// RunDirectory: the folder in which a run keeps everything (docs/train.md lists its files).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace switchyard {

// The content of state.json, which scripts read.
struct RunState {
  // "running", "done" or "failed"; "preempted" (by a signal) or "stopped" (by --stop-before) if the
  // run has saved and waits to be started again. Empty: there is no state.json yet.
  std::string status;
  int attempt = 0;
  std::int64_t step = 0;   // the next step to do
  std::int64_t steps = 0;  // of the whole run
  std::string checkpoint;  // name of the newest one, of this attempt or resumed from; empty: none
  std::string problem;     // of a failed run
  bool stopped_early = false;  // it is done before its last step: the loss stopped falling
  std::optional<std::int64_t> best_step{};  // with the lowest loss, if the run may stop early
};

// Failures in a row that got no further than `step`.
struct Failures {
  std::int64_t step = 0;
  int count = 0;
};

class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config_file() const { return path_ / "config.toml"; }
  std::filesystem::path metrics_file() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path prometheus_file() const { return path_ / "metrics.prom"; }
  std::filesystem::path tensorboard() const { return path_ / "tensorboard"; }
  std::filesystem::path report_file() const { return path_ / "report.html"; }
  std::filesystem::path logs() const { return path_ / "logs"; }

  // True once an attempt was started here.
  bool used() const { return std::filesystem::exists(path_ / "attempts"); }
  void write_state(const RunState& state) const;
  // Returns an empty state if there is no state.json. Errors: Exit::data if it is damaged.
  RunState read_state() const;

  // The supervisor's count of failures without progress (failures.json); zero if there is none.
  Failures read_failures() const;
  void write_failures(const Failures& failures) const;

  // Adds a line with the time to logs/incidents.log. Throws nothing, since callers are about to
  // exit.
  void note_incident(const std::string& what) const;

  std::filesystem::path submit() const { return path_ / "submit"; }

 private:
  std::filesystem::path path_;
};

}  // namespace switchyard
