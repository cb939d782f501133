#include "launch/plan/step_work.h"

#include <gtest/gtest.h>

#include "model/transformer/flops.h"
#include "tests/launch/plan/small_run.h"

namespace switchyard::plan {
namespace step_work_test {

TEST(StepWork, FlopsAreThreeForwardPasses) {
  const Config config = small_config();
  EXPECT_NEAR(training_flops_per_token(shape_on(1)) /
                  (3.0 * forward_flops_per_token(config.model, 2, 260, 64)),
              1.0, 1e-12);
}

// Of 64 tokens the first ten see 1, 2, ... 10 keys, and the other 54 see ten.
TEST(StepWork, AWindowLeavesTheWorkOfItsKeys) {
  Config config = small_config();
  config.model.window = 10;
  config.model.window_layers = {2};
  EXPECT_DOUBLE_EQ(attention_terms(config.model, 0, 64), 65.0);
  EXPECT_DOUBLE_EQ(attention_terms(config.model, 2, 64), 2.0 * (55 + 54 * 10) / 64);
  EXPECT_NEAR(training_flops_per_token(shape_on(1, config)) /
                  (3.0 * forward_flops_per_token(config.model, 2, 260, 64)),
              1.0, 1e-12);
  config.model.window = 64;
  EXPECT_DOUBLE_EQ(attention_terms(config.model, 2, 64), 65.0);
}

TEST(StepWork, RecomputedLayersAreFourPasses) {
  Config config = small_config();
  config.train.recompute_layers = 3;
  EXPECT_NEAR(amount_of("experts", step_work(shape_on(1, config))) /
                  amount_of("experts", step_work(shape_on(1))),
              4.0 / 3.0, 1e-12);
}

// Two layers of experts, top-2, one micro-batch of 128 tokens of 64 floats; half of the rows leave.
TEST(StepWork, TrafficOfTwoRanks) {
  Config config = small_config();
  config.train.global_batch_size = 4;
  const Traffic traffic = step_traffic(shape_on(2, config));
  EXPECT_DOUBLE_EQ(traffic.rows, 2 * 4 * (128 * 2) * 256.0 / 2);
  EXPECT_DOUBLE_EQ(traffic.gradients, 8.0 * static_cast<double>(shape_on(2).dense_elements()) / 2);
}

// Two layers of experts, each with two copies over four ranks: half an expert for each rank, there
// and back, 8 bytes an element.
TEST(StepWork, CopiesOfExpertsSendTheirGradients) {
  Config config = small_config();
  EXPECT_EQ(step_traffic(shape_on(4, config)).copies, 0.0);
  config.router.extra_copies = 2;
  EXPECT_DOUBLE_EQ(step_traffic(shape_on(4, config)).copies, 2 * 8.0 * 0.5 * 2 * (3 * 64 * 64));
  EXPECT_DOUBLE_EQ(amount_of("copies", step_work(shape_on(4, config))),
                   step_traffic(shape_on(4, config)).copies);
}

TEST(StepWork, ReplicasAreComparedAsOftenAsTheGuardDoes) {
  Config config = small_config();
  config.guard.compare_every = 1;
  const RunShape shape = shape_on(2, config);
  const double values = static_cast<double>(shape.dense_elements() + shape.expert_elements());
  EXPECT_DOUBLE_EQ(amount_of("compare", step_work(shape)), 4 * values);
  EXPECT_EQ(amount_of("compare", step_work(shape_on(1, config))), 0.0);
  config.guard.compare_every = 10;
  EXPECT_DOUBLE_EQ(amount_of("compare", step_work(shape_on(2, config))), 0.4 * values);
  config.guard.enabled = false;
  EXPECT_EQ(amount_of("compare", step_work(shape_on(2, config))), 0.0);
}

}  // namespace step_work_test
}  // namespace switchyard::plan
