// Prefetcher: a thread that fills the next of two sets of buffers while its caller uses the other.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace switchyard {

class Prefetcher {
 public:
  struct Job {
    enum class Kind : std::uint8_t { step, pass };
    Kind kind = Kind::step;
    std::int64_t number = 0;
    bool operator==(const Job&) const = default;
  };
  struct Work {
    // Fills set 0 or 1. Runs on the thread, one call at a time; must not call MPI.
    std::function<void(Job, int set)> fill;
    // Says what a call of `fill` is doing at this moment, for the message of a time-out.
    std::function<std::string()> doing;
  };

  // `work` must keep alive whatever it touches: a thread that hangs in a read cannot be ended, so
  // after a time-out it is left behind.
  Prefetcher(Work work, std::chrono::milliseconds timeout);
  ~Prefetcher();
  Prefetcher(Prefetcher&&) = default;
  Prefetcher& operator=(Prefetcher&&) = delete;

  // The set that holds `job`: filled already if the call before named it as `next`, else filled
  // now. It stays untouched until the next call; meanwhile the other one is filled with `next`.
  // Allocates nothing. Errors: what `fill` threw for this job; Exit::storage if the set is not
  // there after the time-out.
  int get(Job job, std::optional<Job> next);

 private:
  struct State;
  void start(State& state, Job job);
  void wait(State& state, std::unique_lock<std::mutex>& lock);
  void leave_behind();

  std::chrono::milliseconds timeout_;
  std::shared_ptr<State> state_;
  std::jthread thread_;
};

}  // namespace switchyard
