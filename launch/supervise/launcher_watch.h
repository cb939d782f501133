// LauncherWatch: ends a launcher that does not see that ranks are gone. srun may wait for ever for
// the tasks of a slurmstepd that died, mpirun for a rank that was killed before it ran.
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
  // Asks `ranks_are_gone` every `interval` from a thread of its own. After three times yes in a row
  // the launcher's process group gets SIGTERM and `last_words` are said; if it is still watched
  // three intervals later, SIGKILL.
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
