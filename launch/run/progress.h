// How far a run is: one line that redraws itself on a terminal, otherwise a plain line every ten
// seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "train/step_report.h"

namespace switchyard {

enum class Color : bool { no, yes };

// "[=====>    ]  120/600  loss 3.214  12.3k tokens/s  balance 1.12  4m10s left". Balance is the
// worst layer's busiest expert over the mean: 1 is even. seconds_left < 0: not known yet.
std::string progress_line(const StepReport& report, std::int64_t steps, double tokens_per_second,
                          double seconds_left, Color color);

// "step 100: 5 experts moved in 2 of 8 layers in 0.01 s; the busiest rank has 1.05 times the mean
// load, from 1.83", of the worst layers.
std::string placement_summary(const PlacementReport& report);

// "step 41: the loss 9.1 is 12.0 deviations above the median 3.2 of the steps before; computed
// again it was wrong, too: its batch is left out".
std::string guard_summary(const StepReport& report);

class Progress {
 public:
  // first_step: of this attempt. Writes to stderr.
  Progress(std::int64_t first_step, std::int64_t steps, bool terminal, Color color);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void report(const StepReport& report);
  // Leaves the bar's line, so that something else can be printed.
  void pause();

 private:
  using Clock = std::chrono::steady_clock;
  std::int64_t first_step_, steps_;
  bool terminal_;
  Color color_;
  bool open_ = false;  // the cursor stands behind a bar
  Clock::time_point last_{};
  double tokens_per_second_ = 0.0, seconds_per_step_ = 0.0;  // running means
};

}  // namespace switchyard
