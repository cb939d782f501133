#include "runtime/watch/process_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace switchyard {
namespace process_state_test {

using testing::StartsWith;

TEST(ProcessState, OfOneThatIsStoppedAndThenDeadAndThenGone) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  kill(child, SIGSTOP);
  waitpid(child, nullptr, WUNTRACED);
  EXPECT_THAT(process_state(child), StartsWith("stopped (T)"));
  kill(child, SIGKILL);
  siginfo_t dead{};
  waitid(P_PID, static_cast<id_t>(child), &dead, WEXITED | WNOWAIT);
  EXPECT_THAT(process_state(child), StartsWith("dead, but not yet reaped (Z)"));
  waitpid(child, nullptr, 0);
  EXPECT_EQ(process_state(child), "gone");
}

TEST(ProcessState, OfThisOne) { EXPECT_THAT(process_state(getpid()), StartsWith("running (R)")); }

}  // namespace process_state_test
}  // namespace switchyard
