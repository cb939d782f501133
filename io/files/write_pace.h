// WritePace: slows a writer down, to leave the disk and the network to others.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace switchyard {

class WritePace {
 public:
  explicit WritePace(std::int64_t bytes_per_second) : rate_(bytes_per_second) {}  // 0: no limit

  // Begins a piece of work. The rate is a mean over the time since this call.
  void begin() {
    bytes_ = 0;
    hurried_ = false;
    begin_ = Clock::now();
  }
  // From any thread: somebody waits, so the current piece of work has no limit any more.
  void hurry() { hurried_ = true; }

  // Returns when all bytes since begin() are due.
  void wrote(std::int64_t bytes) {
    constexpr Clock::duration longest_nap = std::chrono::milliseconds{50};
    bytes_ += bytes;
    if (rate_ == 0) return;
    const std::chrono::duration<double> due(static_cast<double>(bytes_) /
                                            static_cast<double>(rate_));
    const auto until = begin_ + std::chrono::duration_cast<Clock::duration>(due);
    while (!hurried_ && Clock::now() < until) {
      std::this_thread::sleep_for(std::min(longest_nap, until - Clock::now()));
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t rate_;
  std::int64_t bytes_ = 0;
  Clock::time_point begin_;
  std::atomic<bool> hurried_{false};
};

}  // namespace switchyard
