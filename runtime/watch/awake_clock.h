// AwakeClock: time without the periods in which this process did not run. A job that was suspended
// as a whole (`scontrol suspend`, a virtual machine that migrated) must not conclude on waking that
// every other rank has been silent.
#pragma once

#include <chrono>

namespace switchyard {

class AwakeClock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit AwakeClock(Time now) : last_(now) {}

  // Returns the time at `now`. To be called several times a second: a gap of a second or more
  // between two calls counts as a pause and is left out.
  Time at(Time now) {
    if (now - last_ > std::chrono::seconds(1)) paused_ += now - last_;
    last_ = now;
    return now - paused_;
  }

 private:
  Time last_;
  std::chrono::steady_clock::duration paused_{0};
};

}  // namespace switchyard
