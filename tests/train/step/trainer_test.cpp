#include "train/step/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace trainer_test {

int widest_degree(const SmallConfig& config) {
  return largest_divisor(test_world().size(), config.model.num_experts);
}

SmallRun whole_world(const SmallConfig& config, int degree) {
  return {config, test_world().split(0, test_world().rank()), degree};
}

TEST(Trainer, LossFallsOnALearnableTask) {
  SmallConfig config;
  SmallRun run = whole_world(config, widest_degree(config));
  const std::vector<double> losses = run.losses(0, 8);
  EXPECT_NEAR(losses.front(), std::log(50.0), 0.8);
  EXPECT_LT(losses.back(), losses.front() - 0.3);
}

TEST(Trainer, ReportCountsEveryChoiceOfEveryToken) {
  SmallConfig config;
  SmallRun run = whole_world(config, 1);
  const StepReport report = run.step(0);
  EXPECT_EQ(report.tokens, config.train.global_batch_size * config.sequence_length);
  ASSERT_EQ(report.layers.size(), 1U);  // layer 0 is dense
  EXPECT_EQ(report.layers[0].layer, 1);
  EXPECT_GE(report.layers[0].max_over_mean, 1.0);
  EXPECT_LE(report.layers[0].entropy, std::log(5.0) + 1e-9);
}

// A weight that is not finite must not let the optimizer touch the others.
TEST(Trainer, WithoutAGuardNotANumberStopsTheStepOnAllRanksAndLeavesTheWeights) {
  SmallConfig config;
  config.guard.enabled = false;
  SmallRun run = whole_world(config, 1);
  Params& params = run.model().params();
  const ParamId up = params.find("layer0.ffn.up");
  params.value(up).as<float>()[3] = std::numeric_limits<float>::infinity();
  const float before = params.value(params.find("embedding")).as<float>()[5];
  try {
    run.step(0);
    ADD_FAILURE() << "a step with an infinite weight passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::numerical);
  }
  EXPECT_EQ(params.value(params.find("embedding")).as<float>()[5], before);
}

// Stops after three steps and goes on with another expert degree.
void expect_resume_equals_not_stopping(const SmallConfig& config) {
  SmallRun straight = whole_world(config, 1);
  const std::vector<double> expected = straight.losses(0, 6);

  const SharedScratch folder(test_world());
  Stream stream = Stream::cpu(1);
  std::filesystem::path checkpoint;
  {
    SmallRun first = whole_world(config, 1);
    first.losses(0, 3);
    checkpoint = save_checkpoint(folder.path(), 3, 1, first.trainer().owned_state().tensors,
                                 first.trainer().meta(), test_world(), stream);
  }
  SmallConfig resumed = config;
  resumed.draw_weights = false;
  SmallRun second = whole_world(resumed, widest_degree(config));
  agree(test_world(), [&] {
    const CheckpointReader reader(checkpoint);
    second.trainer().load(reader, reader.fields());
  });
  EXPECT_EQ(second.losses(3, 6), std::vector<double>(expected.begin() + 3, expected.end()));
  EXPECT_EQ(second.state_hash(), straight.state_hash());
  EXPECT_EQ(second.trainer().meta().at("guard"), straight.trainer().meta().at("guard"));
}

// Law 4: stop and resume equals not stopping, on another layout too.
TEST(Trainer, ResumeOnAnotherDegreeEqualsNotStopping) {
  expect_resume_equals_not_stopping(SmallConfig{});
}

TEST(Trainer, DoesNotTrainWeightsThatNobodyDrewOrLoaded) {
  SmallConfig config;
  config.draw_weights = false;
  SmallRun run = whole_world(config, 1);
  EXPECT_THROW(run.step(0), Error);
  run.trainer().initialize();
  EXPECT_NO_THROW(run.step(0));
}

// The balancing bias and the counts of the step before are in the checkpoint; noise needs none.
TEST(Trainer, GatesResumeWhereTheyStopped) {
  SmallConfig config;
  config.router = {.gate = GateKind::sigmoid,
                   .bias_rate = 0.05F,
                   .jitter = 0.1F,
                   .balance_loss = 0.1F,
                   .balance_over = BalanceOver::global_batch,
                   .capacity_factor = 0.9};
  expect_resume_equals_not_stopping(config);
  config.router = {.gate = GateKind::noisy_topk};
  expect_resume_equals_not_stopping(config);
}

TEST(Trainer, ReportCountsDroppedChoices) {
  SmallConfig config;
  config.zero_routers = true;  // every token wants experts 0 and 1
  config.router.capacity_factor = 1.0;
  SmallRun run = whole_world(config, 1);
  // Eight micro-batches of 48 tokens; 20 rows for each of five experts.
  EXPECT_EQ(run.step(0).layers[0].dropped, 8 * 2 * (48 - 20));
}

}  // namespace trainer_test
}  // namespace switchyard
