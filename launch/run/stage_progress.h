// How far a job of several stages is: a line with a bar for each stage.
#pragma once

#include <chrono>
#include <string>

#include "io/prepare/work/config.h"
#include "launch/host/progress_line.h"

namespace switchyard {

// "write [=====>     ]  1.23 GiB of 3.00 GiB  86.1 MB/s  21s left". Without a total there is no bar
// and no time.
std::string stage_line(const prepare::Status& status, double seconds);

class StageProgress {
 public:
  explicit StageProgress(bool terminal) : line_(terminal) {}

  // Writes to stderr, at the start of each stage and as often as a ProgressLine.
  void report(const prepare::Status& status);
  void end() { line_.end(); }

 private:
  using Clock = std::chrono::steady_clock;

  ProgressLine line_;
  std::string stage_;
  Clock::time_point began_{};  // of the stage
};

}  // namespace switchyard
