// Fibers: functions that take turns on one thread, each on a stack of its own.
#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace cuda_host {

class Fibers {
 public:
  Fibers();
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  // Makes fibers 0 to count - 1, which have not run yet. Each runs body(its number).
  void start(int count, const std::function<void(int)>& body);
  // Runs a fiber until it calls pause() or ends. True if it has ended.
  bool resume(int fiber);
  // From within a fiber: back to whoever resumed it.
  void pause();

 private:
  struct Fiber;
  static void enter(Fiber* fiber);
  void leave(Fiber& fiber, bool for_good);

  std::vector<std::unique_ptr<Fiber>> fibers_;
  const std::function<void(int)>* body_ = nullptr;
  Fiber* running_ = nullptr;
  void* caller_stack_ = nullptr;
};

}  // namespace cuda_host
