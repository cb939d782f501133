// StepTimes: how the time of a step was spent, over all ranks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/device/trace.h"
#include "runtime/flight_record.h"

namespace switchyard {

struct StepTimes {
  // Seconds of each part of a step (runtime/device/trace.h), mean over ranks, in the order of a
  // step. Parts that send include waiting for other ranks.
  std::vector<std::pair<std::string, double>> parts;
  // Seconds that a rank did not wait in collectives. The others wait for the busiest rank.
  double busy_least = 0.0, busy_median = 0.0, busy_most = 0.0;
  int busiest_rank = 0;
  double joules = 0.0;  // what the ranks counted, in all

  double of(const std::string& part) const;  // 0 if there is no such part
};

// Measures the steps of this rank. While it exists, no one else may set the stream's trace.
class StepClock {
 public:
  StepClock(Stream& stream, const FlightRecord& record);
  ~StepClock() { stream_.set_trace(nullptr); }
  StepClock(const StepClock&) = delete;
  StepClock& operator=(const StepClock&) = delete;

  Trace& trace() { return trace_; }
  void begin();
  // Collective. Returns the times of the step since begin(), which took this rank `seconds`, and
  // the sum of the ranks' joules.
  StepTimes end(double seconds, double joules, Comm& world);

 private:
  Stream& stream_;
  const FlightRecord& record_;
  Trace trace_;
  std::int64_t waited_ = 0;
};

}  // namespace switchyard
