#include "launch/supervise/verdict.h"

#include <gtest/gtest.h>

namespace switchyard::supervise {
namespace verdict_test {

RunState state(const char* status, std::int64_t step) {
  RunState state;
  state.status = status;
  state.step = step;
  return state;
}

TEST(Verdict, DoneIsTheEnd) {
  const Verdict verdict = judge({0}, state("done", 20), {}, 3);
  EXPECT_EQ(verdict.next, Next::finish);
  EXPECT_EQ(verdict.code, 0);
}

TEST(Verdict, SavedRunIsLeftToBeStartedAgain) {
  // srun turned 75 into 143: what state.json says counts.
  for (const char* status : {"preempted", "stopped"}) {
    const Verdict verdict = judge({143}, state(status, 20), {}, 3);
    EXPECT_EQ(verdict.next, Next::leave_saved);
    EXPECT_EQ(verdict.code, 75);
  }
}

TEST(Verdict, DeadRankMeansAnotherStart) {
  EXPECT_EQ(judge({137}, state("running", 20), {}, 3).next, Next::restart);
  EXPECT_EQ(judge({76}, state("running", 20), {}, 3).next, Next::restart);
}

TEST(Verdict, WhatARestartCannotMendEndsWithItsCode) {
  for (const int code : {2, 3, 4, 6}) {
    const Verdict verdict = judge({code}, state("failed", 20), {}, 3);
    EXPECT_EQ(verdict.next, Next::give_up);
    EXPECT_EQ(verdict.code, code);
  }
}

TEST(Verdict, FailuresWithoutProgressAreACrashLoop) {
  Failures failures;
  for (int i = 0; i < 2; ++i) {
    const Verdict verdict = judge({137}, state("running", 10), failures, 3);
    EXPECT_EQ(verdict.next, Next::restart);
    failures = verdict.failures;
  }
  const Verdict last = judge({137}, state("running", 10), failures, 3);
  EXPECT_EQ(last.next, Next::give_up);
  EXPECT_EQ(last.code, 77);
  EXPECT_NE(last.why.find("step 10"), std::string::npos);
}

TEST(Verdict, ProgressStartsTheCountAgain) {
  Failures failures;
  for (int i = 0; i < 10; ++i) {
    const Verdict verdict = judge({137}, state("running", 10 * (i + 1)), failures, 3);
    EXPECT_EQ(verdict.next, Next::restart);
    failures = verdict.failures;
  }
}

TEST(Verdict, MemoryThatRanOutBeforeTheFirstStepWillRunOutAgain) {
  const RanksEnd end{.code = 137, .advanced = false, .out_of_memory = true};
  const Verdict verdict = judge(end, state("running", 0), {}, 3);
  EXPECT_EQ(verdict.next, Next::give_up);
  EXPECT_EQ(verdict.code, 77);
  EXPECT_NE(verdict.why.find("memory ran out"), std::string::npos) << verdict.why;
}

TEST(Verdict, MemoryThatRanOutLaterIsAFailureWithAName) {
  const RanksEnd end{.code = 76, .advanced = true, .out_of_memory = true};
  const Verdict verdict = judge(end, state("running", 20), {}, 3);
  EXPECT_EQ(verdict.next, Next::restart);
  EXPECT_NE(verdict.why.find("memory ran out"), std::string::npos) << verdict.why;
}

}  // namespace verdict_test
}  // namespace switchyard::supervise
