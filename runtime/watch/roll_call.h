// RollCall: what rank 0 knows about every rank from its heartbeats, and what it concludes. It uses
// no sockets and no clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "runtime/watch/heartbeat.h"

namespace switchyard {

class RollCall {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Limits {
    double peer_timeout, step_timeout;  // seconds; step_timeout 0: from the median step
  };

  RollCall(int num_ranks, Limits limits, Time now);

  void heard(const Heartbeat& beat, Time now);
  void lost(int rank);  // its connection closed without a farewell

  struct Verdict {
    std::string text;  // what happened, and a table of all ranks
    int suspect = 0;   // the rank to look at
  };
  // Returns a verdict if the job cannot continue: a rank is dead or has been silent for longer than
  // peer_timeout, or all ranks have been in the same step for longer than step_timeout. Start,
  // evaluation and saves may take any time, as long as heartbeats arrive.
  std::optional<Verdict> verdict(Time now) const;
  // Returns a line for each rank whose time outside collectives was more than 1.3 times the median
  // rank's in two consecutive windows of at least 20 steps and 5 s. A rank is named once.
  std::vector<std::string> stragglers(Time now);

 private:
  struct Rank {
    Heartbeat last;
    Time heard, step_began;
    bool gone = false, left = false;  // left: with a farewell
    Time window_began;
    std::int64_t window_waited = 0;
    int slow_windows = 0;
  };

  double step_limit() const;
  int furthest_behind() const;  // the first of the ranks that have begun the fewest collectives
  std::string table(Time now) const;
  void note_steps(const Rank& rank, const Heartbeat& beat, Time now);

  Limits limits_;
  std::vector<Rank> ranks_;
  std::vector<double> step_seconds_;  // of rank 0, newest last
  std::int64_t window_step_ = 0;
};

}  // namespace switchyard
