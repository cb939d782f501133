// How far a run is, as a line with a bar.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "launch/host/progress_line.h"
#include "train/step_report.h"

namespace switchyard {

enum class Color : bool { no, yes };

// "[=====>    ]  120/600  loss 3.214  12.3k tokens/s  balance 1.12  4m10s left". Balance is the
// load of the busiest expert over the mean, in the worst layer: 1 is even. seconds_left < 0:
// unknown.
std::string progress_line(const StepReport& report, std::int64_t steps, double tokens_per_second,
                          double seconds_left, Color color);
// The same for a log: "step 120 of 600: loss 3.214, 12.3k tokens/s, balance 1.12, 4m10s left".
std::string log_line(const StepReport& report, std::int64_t steps, double tokens_per_second,
                     double seconds_left);

// "step 100: 5 experts moved in 2 of 8 layers in 0.01 s; the busiest rank has 1.05 times the mean
// load, from 1.83". The loads are those of the worst layers.
std::string placement_summary(const PlacementReport& report);

// "step 41: the loss 9.1 is 12.0 deviations above the median 3.2 of the steps before; it was wrong
// again when recomputed, so its batch is skipped".
std::string guard_summary(const StepReport& report);

// "step 20: validation loss 3.2144 (code 2.9102, web 3.4031)". The sources are there if there are
// several.
std::string evaluation_summary(std::int64_t steps_done, const Evaluation& evaluation);

class Progress {
 public:
  // first_step: of this attempt. Shows a bar on stderr, and logs the first and the last step, and
  // one about every ten seconds in between.
  Progress(std::int64_t first_step, std::int64_t steps, bool terminal, Color color,
           std::function<void(const std::string& line)> log)
      : first_step_(first_step),
        steps_(steps),
        color_(color),
        line_(terminal),
        log_(std::move(log)) {}

  void report(const StepReport& report);
  // Moves below the bar, so that something else can be printed.
  void pause() { line_.end(); }

 private:
  std::int64_t first_step_, steps_;
  Color color_;
  ProgressLine line_;
  std::function<void(const std::string&)> log_;
  std::chrono::steady_clock::time_point logged_ = std::chrono::steady_clock::now();
  double tokens_per_second_ = 0.0, seconds_per_step_ = 0.0;  // running means
};

}  // namespace switchyard
