// The run directory: where a run keeps everything (docs/train.md lists what is in it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace switchyard {

// What state.json says; scripts read it.
struct RunState {
  std::string status;  // "running", "done", "stopped" (saved, start me again), "failed"
  int attempt = 0;
  std::int64_t step = 0;   // the next step to do
  std::int64_t steps = 0;  // of the whole run
  std::string checkpoint;  // name of the newest folder of this attempt or the one it resumed from;
                           // empty: none
  std::string problem;     // of a failed run
};

class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config_file() const { return path_ / "config.toml"; }
  std::filesystem::path metrics_file() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path logs() const { return path_ / "logs"; }

  // True once an attempt was started here.
  bool used() const { return std::filesystem::exists(path_ / "attempts"); }
  void write_state(const RunState& state) const;

 private:
  std::filesystem::path path_;
};

}  // namespace switchyard
