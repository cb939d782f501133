// What the rounding of weights that are int8 codes does to a run, and that threads do not change
// it.
#include <gtest/gtest.h>

#include "tests/train/small_run.h"

namespace switchyard {
namespace int8_rounding_test {

SmallConfig coded(CodeRounding rounding = CodeRounding::chance) {
  SmallConfig config;
  config.train.values = ValueFormat::int8;
  config.train.int8_rounding = rounding;
  return config;
}

std::vector<double> result(SmallRun run, std::int64_t steps) {
  std::vector<double> all = run.losses(0, steps);
  all.push_back(static_cast<double>(run.state_hash()));
  return all;
}

// Experts with few rows are decoded by several threads at once.
TEST(Int8Rounding, ThreadsGiveTheSameBits) {
  SmallConfig config = coded();
  const std::vector<double> alone = result(SmallRun(config, make_single_comm(), 1), 4);
  config.threads = 3;
  for (int again = 0; again < 4; ++again)
    EXPECT_EQ(result(SmallRun(config, make_single_comm(), 1), 4), alone);
}

// Updates of less than half a code are lost to nearest rounding, and not to chance.
TEST(Int8Rounding, ChanceLearnsWhereNearestStalls) {
  const auto last_loss = [](SmallConfig config) {
    config.train.learning_rate = 2e-4;
    config.train.min_learning_rate = 2e-4;
    config.train.weight_decay = 0.0;
    config.train.freeze = {"embedding", "norms", "router"};  // so that only codes can learn
    config.train.steps = 60;
    SmallRun run(config, make_single_comm(), 1);
    return run.losses(0, 60).back();
  };
  const double f32 = last_loss({}), nearest = last_loss(coded(CodeRounding::nearest)),
               chance = last_loss(coded());
  EXPECT_GT(nearest, f32 + 0.1);
  EXPECT_NEAR(chance, f32, 0.05);
}

}  // namespace int8_rounding_test
}  // namespace switchyard
