#include "launch/supervise/launcher_watch.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>

#include "launch/host/process.h"

namespace switchyard::supervise {
namespace launcher_watch_test {

using namespace std::chrono_literals;

int code_of(pid_t program) {
  int code = -1;
  while ((code = wait_for_program(program)) < 0) {
  }
  return code;
}

TEST(LauncherWatch, EndsALauncherWhoseRanksAreGone) {
  const pid_t launcher = start_program({"sleep", "60"});
  std::atomic<int> said = 0;
  const LauncherWatch watch(
      launcher, 100ms, [] { return true; }, [&] { ++said; });
  EXPECT_EQ(code_of(launcher), 128 + SIGTERM);
  EXPECT_EQ(said, 1);
}

TEST(LauncherWatch, KillsOneThatDoesNotListen) {
  const pid_t launcher = start_program({"sh", "-c", "trap '' TERM; while :; do sleep 1; done"});
  const LauncherWatch watch(
      launcher, 300ms, [] { return true; }, [] {});
  EXPECT_EQ(code_of(launcher), 128 + SIGKILL);
}

TEST(LauncherWatch, ADoubtThatPassesEndsNothing) {
  const pid_t launcher = start_program({"sleep", "0.2"});
  std::atomic<int> looks = 0;
  const LauncherWatch watch(
      launcher, 2ms, [&] { return ++looks % 3 != 0; }, [] { FAIL() << "it has ranks"; });
  EXPECT_EQ(code_of(launcher), 0);
  EXPECT_GT(looks, 3);
}

}  // namespace launcher_watch_test
}  // namespace switchyard::supervise
