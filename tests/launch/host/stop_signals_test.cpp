#include "launch/host/stop_signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace switchyard {
namespace stop_signals_test {

TEST(StopSignals, NothingIsRequestedAtFirst) { EXPECT_FALSE(StopSignals().requested()); }

TEST(StopSignals, EachSignalIsARequest) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGXCPU, SIGUSR1}) {
    StopSignals signals;
    std::raise(number);
    EXPECT_TRUE(signals.requested());
  }
}

TEST(StopSignalsDeathTest, TheSecondTermOrIntLeavesAtOnce) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        std::raise(SIGTERM);
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(128 + SIGINT), "");
}

TEST(StopSignals, AClosedTerminalIsNoRequestUnderNohup) {
  std::signal(SIGHUP, SIG_IGN);  // as nohup does
  {
    StopSignals signals;
    std::raise(SIGHUP);
    EXPECT_FALSE(signals.requested());
  }
  std::raise(SIGHUP);  // ignored afterwards too
  std::signal(SIGHUP, SIG_DFL);
}

// Slurm, a launcher and a person may all send it.
TEST(StopSignals, SigusrMayComeAnyNumberOfTimes) {
  StopSignals signals;
  for (const int number : {SIGUSR1, SIGUSR1, SIGTERM, SIGUSR1}) std::raise(number);
  EXPECT_TRUE(signals.requested());
}

TEST(StopSignals, TheSecondDuringASaveLetsItFinish) {
  StopSignals signals;
  std::raise(SIGTERM);
  signals.set_saving(true);
  std::raise(SIGTERM);
  EXPECT_TRUE(signals.requested());
}

TEST(StopSignals, AWarningBeforeTheRunIsARequest) {
  StopSignals::remember_warnings();
  std::raise(SIGUSR1);
  EXPECT_TRUE(StopSignals().requested());
}

TEST(StopSignalsDeathTest, AfterwardsASignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        { StopSignals signals; }
        std::raise(SIGUSR1);
        std::raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace stop_signals_test
}  // namespace switchyard
