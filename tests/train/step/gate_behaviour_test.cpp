// What papers say their gates do, on a small task: signs, not numbers.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/train/small_run.h"

namespace switchyard {
namespace gate_behaviour_test {

constexpr std::int64_t steps = 80, last = 30;

SmallConfig eight_experts() {
  SmallConfig config;
  config.model.num_layers = 1;
  config.model.dense_layers = {};
  config.model.num_experts = 8;
  config.model.shared_expert_hidden = 0;
  config.router.balance_loss = 0.0F;
  config.router.z_loss = 0.0F;
  config.train.exact = false;
  config.train.steps = steps;
  return config;
}

// Means over the last steps and three seeds: loss, and MaxVio = max count / mean count - 1
// (arXiv:2408.15664).
struct Trained {
  double loss = 0.0, max_violation = 0.0;
};

Trained train(SmallConfig config) {
  constexpr std::int64_t seeds = 3;
  Trained mean;
  for (config.train.seed = 1; config.train.seed <= seeds; ++config.train.seed) {
    SmallRun run(config, make_single_comm(), 1);
    for (std::int64_t step = 0; step < steps; ++step) {
      const StepReport report = run.step(step);
      if (step < steps - last) continue;
      mean.loss += report.loss / (last * seeds);
      mean.max_violation += (report.layers[0].max_over_mean - 1.0) / (last * seeds);
    }
  }
  return mean;
}

// A gate left alone favours few experts; Switch Transformer's loss and DeepSeek-V3's bias both
// spread the load, and the bias costs no more of the model's loss than the balance loss does.
TEST(GateBehaviour, BalanceLossAndBiasSpreadTheLoad) {
  SmallConfig config = eight_experts();
  const Trained softmax = train(config);
  config.router.balance_loss = 0.01F;
  const Trained with_loss = train(config);
  EXPECT_LT(with_loss.max_violation, 0.8 * softmax.max_violation);
  config = eight_experts();
  config.router.gate = GateKind::sigmoid;
  const Trained sigmoid = train(config);
  config.router.bias_rate = 0.01F;
  const Trained with_bias = train(config);
  EXPECT_LT(with_bias.max_violation, 0.8 * sigmoid.max_violation);
  EXPECT_LT(with_bias.loss, 1.1 * with_loss.loss);
}

// ST-MoE: the z-loss holds the logits down and costs next to nothing.
TEST(GateBehaviour, ZLossLowersTheLogits) {
  SmallConfig config = eight_experts();
  const auto log_sum = [&](float coefficient) {
    config.router.z_loss = coefficient;
    SmallRun run(config, make_single_comm(), 1);
    run.losses(0, steps);
    const StepReport report = run.step(steps);
    return std::pair(report.loss, report.z_loss / static_cast<double>(coefficient));
  };
  const auto [loss_free, squares_free] = log_sum(1e-9F);
  const auto [loss_held, squares_held] = log_sum(1e-2F);
  EXPECT_LT(squares_held, 0.8 * squares_free);
  EXPECT_LT(loss_held, loss_free + 0.01);
}

// A bias planted on one expert sends it every token, and balancing brings it home.
TEST(GateBehaviour, BiasBringsAHotExpertBack) {
  SmallConfig config = eight_experts();
  config.router.gate = GateKind::sigmoid;
  config.router.bias_rate = 0.02F;
  SmallRun run(config, make_single_comm(), 1);
  auto* bias = run.model().gate_state().at(0).second.as<float>();
  bias[3] = 1.0F;
  EXPECT_EQ(run.step(0).layers[0].max_over_mean, 4.0);  // 8 experts, two per token
  for (std::int64_t step = 1; step < 100; ++step) run.step(step);
  EXPECT_LT(run.step(100).layers[0].max_over_mean, 2.0);
  EXPECT_LT(bias[3], 0.75F);
}

}  // namespace gate_behaviour_test
}  // namespace switchyard
