#include "runtime/device/background.h"

namespace switchyard {

Background::Background() : thread_([this] { work(); }) {}

Background::~Background() {
  {
    const std::lock_guard lock(guard_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::future<void> Background::submit(std::packaged_task<void()> job) {
  std::future<void> done = job.get_future();
  {
    const std::lock_guard lock(guard_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return done;
}

void Background::work() {
  while (true) {
    std::packaged_task<void()> job;
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [&] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace switchyard
