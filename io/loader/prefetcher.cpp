#include "io/loader/prefetcher.h"

#include <utility>

#include "runtime/error.h"

namespace switchyard {

struct Prefetcher::State {
  Work work;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::optional<Job> job;  // the last one asked for; its set is `set`
  bool busy = false;       // the thread has not finished it
  int set = 0;
  std::exception_ptr error;  // what it threw

  explicit State(Work w) : work(std::move(w)) {}

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (changed.wait(lock, stop, [&] { return busy; })) {
      lock.unlock();
      std::exception_ptr thrown;
      try {
        work.fill(*job, set);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      error = std::move(thrown);
      busy = false;
      changed.notify_all();
    }
  }
};

Prefetcher::Prefetcher(Work work, std::chrono::milliseconds timeout)
    : timeout_(timeout),
      state_(std::make_shared<State>(std::move(work))),
      thread_([state = state_](const std::stop_token& stop) { state->run(stop); }) {}

Prefetcher::~Prefetcher() {
  if (!state_) return;  // moved from
  std::unique_lock lock(state_->mutex);
  if (!state_->changed.wait_for(lock, timeout_, [&] { return !state_->busy; })) leave_behind();
}

void Prefetcher::leave_behind() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.detach();
}

// Requires that the thread is idle and the mutex held; the caller wakes the thread.
void Prefetcher::start(State& state, Job job) {
  state.job = job;
  state.set = 1 - state.set;
  state.error = nullptr;
  state.busy = true;
}

void Prefetcher::wait(State& state, std::unique_lock<std::mutex>& lock) {
  if (state.changed.wait_for(lock, timeout_, [&] { return !state.busy; })) return;
  leave_behind();
  fail(Exit::storage, "no data for {} s while {}: the storage hangs",
       std::chrono::duration<double>(timeout_).count(), state.work.doing());
}

int Prefetcher::get(Job job, std::optional<Job> next) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  wait(state, lock);
  if (state.job != job) {
    start(state, job);
    state.changed.notify_all();
    wait(state, lock);
  }
  const int set = state.set;
  state.job.reset();
  if (state.error) std::rethrow_exception(std::exchange(state.error, nullptr));
  if (next) {
    start(state, *next);
    lock.unlock();  // so that the thread does not wake only to wait for it
    state.changed.notify_all();
  }
  return set;
}

}  // namespace switchyard
