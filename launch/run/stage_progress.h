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
  explicit StageProgress(bool terminal) : terminal_(terminal), line_(terminal) {}

  // Writes to stderr as often as a ProgressLine, and when a stage is full. A stage shows when it
  // starts on a terminal, or if nobody knows how long it is.
  void report(const prepare::Status& status);
  void end() { line_.end(); }

 private:
  using Clock = std::chrono::steady_clock;

  bool starts(const prepare::Status& status);

  bool terminal_;
  ProgressLine line_;
  std::string stage_;
  bool is_full_ = false;
  Clock::time_point began_{};  // of the stage
};

}  // namespace switchyard
