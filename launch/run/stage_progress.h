// How far a job of several stages is: a bar that redraws itself on a terminal, otherwise a plain
// line at each stage's start and every ten seconds.
#pragma once

#include <chrono>
#include <string>

#include "io/prepare/work/config.h"

namespace switchyard {

// "write [=====>     ]  1.2 GB of 3.0 GB  86.1 MB/s  21s left". Without a total: no bar, no time.
std::string stage_line(const prepare::Status& status, double seconds);

class StageProgress {
 public:
  explicit StageProgress(bool terminal) : terminal_(terminal) {}
  ~StageProgress() { end(); }
  StageProgress(const StageProgress&) = delete;
  StageProgress& operator=(const StageProgress&) = delete;

  // Writes to stderr.
  void report(const prepare::Status& status);
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  void print(const prepare::Status& status, Clock::time_point now);

  bool terminal_;
  bool open_ = false;  // the cursor stands behind a bar
  std::string stage_;
  Clock::time_point began_{}, last_{};
};

}  // namespace switchyard
