// AwakeClock: time without what this process could not see of it. A job that is suspended as a
// whole (`scontrol suspend`, a virtual machine that is moved) must not find, when it goes on, that
// everybody else has been silent all the while.
#pragma once

#include <chrono>

namespace switchyard {

class AwakeClock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit AwakeClock(Time now) : last_(now) {}

  // The time at `now`, to be asked several times a second. A second or more between two questions
  // is taken for a pause and left out.
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
