// The run directory: where a run keeps everything (docs/train.md lists what is in it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace switchyard {

// What state.json says; scripts read it.
struct RunState {
  // "running", "done", "failed"; "preempted" (a signal) and "stopped" (--stop-before): saved, start
  // me again. Empty: no attempt has said anything yet.
  std::string status;
  int attempt = 0;
  std::int64_t step = 0;   // the next step to do
  std::int64_t steps = 0;  // of the whole run
  std::string checkpoint;  // name of the newest folder of this attempt or the one it resumed from;
                           // empty: none
  std::string problem;     // of a failed run
};

// Failures one after the other that got no further than `step`.
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
  // All of it empty if there is no state.json. Errors: Exit::data if it cannot be understood.
  RunState read_state() const;

  // The supervisor's count of failures without progress (failures.json); zero if there is none.
  Failures read_failures() const;
  void write_failures(const Failures& failures) const;

  // Adds to logs/incidents.log, with the time. Throws nothing: whoever calls it is about to leave.
  void note_incident(const std::string& what) const;

  std::filesystem::path submit() const { return path_ / "submit"; }

 private:
  std::filesystem::path path_;
};

}  // namespace switchyard
