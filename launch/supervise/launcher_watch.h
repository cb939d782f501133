// LauncherWatch: ends a launcher that does not notice that ranks are gone. srun may wait
// indefinitely for the tasks of a slurmstepd that died, and mpirun for a rank that was killed
// before it ran.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace switchyard::supervise {

class LauncherWatch {
 public:
  // Calls `ranks_are_gone` every `interval` in another thread. After three times true in a row it
  // calls `last_words` and sends SIGTERM to the launcher's process group, and three intervals
  // later, if this object still exists, SIGKILL.
  LauncherWatch(pid_t launcher, std::chrono::milliseconds interval,
                std::function<bool()> ranks_are_gone, std::function<void()> last_words);
  ~LauncherWatch();
  LauncherWatch(const LauncherWatch&) = delete;
  LauncherWatch& operator=(const LauncherWatch&) = delete;

 private:
  void look();

  const pid_t launcher_;
  const std::chrono::milliseconds interval_;
  const std::function<bool()> ranks_are_gone_;
  const std::function<void()> last_words_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace switchyard::supervise
