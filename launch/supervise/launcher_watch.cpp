#include "launch/supervise/launcher_watch.h"

#include <signal.h>

namespace switchyard::supervise {
namespace {

constexpr int looks_for_sure = 3;

}  // namespace

LauncherWatch::LauncherWatch(pid_t launcher, std::chrono::milliseconds interval,
                             std::function<bool()> ranks_are_gone, std::function<void()> last_words)
    : launcher_(launcher),
      interval_(interval),
      ranks_are_gone_(std::move(ranks_are_gone)),
      last_words_(std::move(last_words)),
      thread_([this] { look(); }) {}

LauncherWatch::~LauncherWatch() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LauncherWatch::look() {
  std::unique_lock lock(mutex_);
  int gone = 0;
  while (!wake_.wait_for(lock, interval_, [this] { return over_; })) {
    gone = gone >= looks_for_sure || ranks_are_gone_() ? gone + 1 : 0;
    if (gone == looks_for_sure) {
      last_words_();
      kill(-launcher_, SIGTERM);
    }
    if (gone == 2 * looks_for_sure) kill(-launcher_, SIGKILL);
  }
}

}  // namespace switchyard::supervise
