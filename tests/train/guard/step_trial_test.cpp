#include "train/guard/step_trial.h"

#include <gtest/gtest.h>

#include <limits>

namespace switchyard {
namespace step_trial_test {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr GuardConfig strict{.window = 8, .skips = 1, .rewinds = 1};

Guard after_good_steps(const GuardConfig& config) {
  Guard guard(config, 1.0, 5.5);
  for (int i = 0; i < 8; ++i) guard.take({3.0 - 0.01 * i, 1.0 + 0.02 * i});
  return guard;
}

StepTrial trial_of(const Guard& guard) { return {guard, 0}; }

TEST(StepTrial, OneSoundTryIsEnough) {
  const Guard guard = after_good_steps(strict);
  StepTrial trial = trial_of(guard);
  EXPECT_EQ(trial.judge({2.95, 1.1}), TrialVerdict::take);
  EXPECT_EQ(trial.problem(), "");
}

TEST(StepTrial, AWrongTryIsFollowedByOneMore) {
  const Guard guard = after_good_steps(strict);
  StepTrial mended = trial_of(guard), wrong = trial_of(guard);
  EXPECT_EQ(mended.judge({nan, 1.1}), TrialVerdict::again);
  EXPECT_EQ(mended.judge({2.95, 1.1}), TrialVerdict::take);
  EXPECT_EQ(wrong.judge({nan, 1.1}), TrialVerdict::again);
  EXPECT_EQ(wrong.judge({nan, 1.1}), TrialVerdict::refuse);
  EXPECT_FALSE(wrong.reproduced());
  StepTrial same = trial_of(guard), other = trial_of(guard);
  for (const double loss : {30.0, 30.0001}) same.judge({loss, 1.1});
  for (const double loss : {30.0, 31.0}) other.judge({loss, 1.1});
  EXPECT_TRUE(same.reproduced());
  EXPECT_FALSE(other.reproduced());
  EXPECT_NE(mended.problem().find("not finite"), std::string::npos);
}

TEST(StepTrial, OfThreeTriesTwoMustAgree) {
  GuardConfig config = strict;
  config.repeat_every = 1;
  const Guard guard = after_good_steps(config);
  const StepFigures right{2.95, 1.1, true, 7}, other{2.95, 1.1, true, 8}, third{2.95, 1.1, true, 9};
  StepTrial equal = trial_of(guard), mended = trial_of(guard), never = trial_of(guard);
  EXPECT_EQ(equal.judge(right), TrialVerdict::again);
  EXPECT_EQ(equal.judge(right), TrialVerdict::take);
  EXPECT_EQ(equal.problem(), "");
  EXPECT_EQ(mended.judge(other), TrialVerdict::again);
  EXPECT_EQ(mended.judge(right), TrialVerdict::again);
  EXPECT_EQ(mended.judge(right), TrialVerdict::take);
  EXPECT_NE(mended.problem(), "");
  EXPECT_EQ(never.judge(right), TrialVerdict::again);
  EXPECT_EQ(never.judge(other), TrialVerdict::again);
  EXPECT_EQ(never.judge(third), TrialVerdict::refuse);
}

}  // namespace step_trial_test
}  // namespace switchyard
