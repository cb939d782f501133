// Background: a worker thread that does one job after another, beside the thread that computes.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace switchyard {

class Background {
 public:
  Background();
  ~Background();  // Finishes every submitted job first.
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Jobs run in the order of submission. get() of the future throws what the job threw.
  std::future<void> submit(std::packaged_task<void()> job);

 private:
  void work();

  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<void()>> jobs_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace switchyard
