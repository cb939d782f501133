#include "train/step/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace switchyard {
namespace schedule_test {

using testing::HasSubstr;

TrainConfig with(RateSchedule schedule) {
  return {.steps = 100,
          .learning_rate = 1.0,
          .min_learning_rate = 0.1,
          .warmup_steps = 10,
          .schedule = schedule};
}

TEST(Schedule, EveryOneWarmsUpInTheSameWay) {
  for (const RateSchedule schedule :
       {RateSchedule::cosine, RateSchedule::linear, RateSchedule::constant, RateSchedule::wsd}) {
    const TrainConfig config = with(schedule);
    for (std::int64_t step = 0; step < 10; ++step)
      EXPECT_EQ(learning_rate_at(config, step), static_cast<double>(step + 1) / 10.0);
    EXPECT_EQ(learning_rate_at(config, 10), 1.0);
  }
}

TEST(Schedule, CosineFallsToTheMinimum) {
  const TrainConfig config = with(RateSchedule::cosine);
  for (std::int64_t step = 10; step <= 100; ++step) {
    const double angle = std::numbers::pi * static_cast<double>(step - 10) / 90.0;
    EXPECT_NEAR(learning_rate_at(config, step), 0.55 + 0.45 * std::cos(angle), 1e-15);
  }
  EXPECT_NEAR(learning_rate_at(config, 100), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 200), 0.1, 1e-12);
}

TEST(Schedule, LinearFallsByTheSameEachStep) {
  const TrainConfig config = with(RateSchedule::linear);
  for (std::int64_t step = 10; step <= 100; ++step)
    EXPECT_NEAR(learning_rate_at(config, step), 1.0 - 0.01 * static_cast<double>(step - 10), 1e-14);
}

TEST(Schedule, ConstantIgnoresTheMinimum) {
  const TrainConfig config = with(RateSchedule::constant);
  for (const std::int64_t step : {10, 50, 99, 100}) EXPECT_EQ(learning_rate_at(config, step), 1.0);
}

TEST(Schedule, WsdFallsInItsLastStepsAlone) {
  TrainConfig config = with(RateSchedule::wsd);
  config.decay_steps = 25;
  for (std::int64_t step = 10; step <= 75; ++step) EXPECT_EQ(learning_rate_at(config, step), 1.0);
  for (std::int64_t step = 75; step <= 100; ++step) {
    const double done = static_cast<double>(step - 75) / 25.0;
    config.decay_shape = DecayShape::linear;
    EXPECT_NEAR(learning_rate_at(config, step), 1.0 - 0.9 * done, 1e-14);
    config.decay_shape = DecayShape::one_minus_sqrt;
    EXPECT_NEAR(learning_rate_at(config, step), 1.0 - 0.9 * std::sqrt(done), 1e-14);
  }
}

TEST(Schedule, WsdTakesATenthOfTheRunUnlessItIsAskedForMore) {
  TrainConfig config = with(RateSchedule::wsd);
  EXPECT_EQ(wsd_decay_steps(config), 10);
  EXPECT_EQ(learning_rate_at(config, 90), 1.0);
  EXPECT_LT(learning_rate_at(config, 91), 1.0);
  config.steps = 5;
  EXPECT_EQ(wsd_decay_steps(config), 1);
}

// A run that goes on for longer has trained at the same rates so far.
TEST(Schedule, MoreStepsDoNotChangeWsdBeforeItsDecay) {
  const TrainConfig config = with(RateSchedule::wsd);
  TrainConfig longer = config;
  longer.steps = 300;
  for (std::int64_t step = 0; step <= 90; ++step)
    EXPECT_EQ(learning_rate_at(config, step), learning_rate_at(longer, step));
  EXPECT_EQ(learning_rate_at(longer, 270), 1.0);
}

TEST(Schedule, SaysItself) {
  TrainConfig config = with(RateSchedule::cosine);
  EXPECT_EQ(schedule_in_words(config), "10 steps up to 1, cosine to 0.1 at step 100");
  config.warmup_steps = 0;
  EXPECT_EQ(schedule_in_words(config), "1, cosine to 0.1 at step 100");
  config.schedule = RateSchedule::constant;
  EXPECT_EQ(schedule_in_words(config), "1, then constant");
  config.schedule = RateSchedule::wsd;
  config.decay_shape = DecayShape::one_minus_sqrt;
  EXPECT_EQ(schedule_in_words(config),
            "1, constant until step 90, 1-sqrt to 0.1 at step 100 (wsd)");
}

}  // namespace schedule_test
}  // namespace switchyard
