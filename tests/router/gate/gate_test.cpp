#include "router/gate/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/router/gated.h"

namespace switchyard {
namespace gate_test {

RouterConfig config_of(GateKind gate, int top_k = 2) {
  return {.gate = gate, .top_k = top_k, .allow_future_tokens = true};
}

TEST(Gate, BalanceLossIsItsCoefficientWhenRoutingIsUniform) {
  for (const BalanceOver over :
       {BalanceOver::sequence, BalanceOver::micro_batch, BalanceOver::global_batch}) {
    Gated gated({.balance_loss = 0.25F, .balance_over = over, .z_loss = 0.0F}, {},
                /*init_std=*/0.0);  // all probabilities 1/4
    gated.choose();
    EXPECT_NEAR(gated.backward(1.0).balance, 0.25, 1e-6) << name_of(over);
    EXPECT_NEAR(gated.backward(0.5).balance, 0.125, 1e-6) << name_of(over);
  }
}

TEST(Gate, ZLossIsTheMeanSquaredLogSum) {
  for (const GateKind gate : {GateKind::softmax_topk, GateKind::sigmoid}) {
    RouterConfig config = config_of(gate);
    config.balance_loss = 0.0F;
    config.z_loss = 0.1F;
    Gated gated(config);
    gated.choose();
    double mean = 0.0;
    for (std::int64_t t = 0; t < Gated::tokens; ++t) {
      double sum = 0.0;
      for (int e = 0; e < Gated::num_experts; ++e) {
        sum += std::exp(
            static_cast<double>(gated.routing.logits.as<float>()[t * Gated::num_experts + e]));
      }
      mean += std::pow(std::log(sum), 2) / Gated::tokens;
    }
    EXPECT_NEAR(gated.backward().z, 0.1 * mean, 1e-6) << name_of(gate);
  }
}

TEST(Gate, CountsAddUpToTokensTimesK) {
  for (const GateKind gate : {GateKind::softmax_topk, GateKind::topk_softmax, GateKind::sigmoid,
                              GateKind::noisy_topk, GateKind::expert_choice, GateKind::hash}) {
    Gated gated(config_of(gate));
    const std::vector<std::int64_t>& counts = gated.choose(0).counts;
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), 2 * Gated::tokens)
        << name_of(gate);
  }
}

// Zhou et al. 2022: every expert takes the same number of tokens.
TEST(Gate, ExpertChoiceFillsEveryExpertAlike) {
  Gated gated(config_of(GateKind::expert_choice));
  EXPECT_THAT(gated.choose().counts, testing::Each(2 * Gated::tokens / Gated::num_experts));
}

// Roller et al. 2021: the id alone decides.
TEST(Gate, HashRoutesByTokenId) {
  Gated gated(config_of(GateKind::hash));
  gated.ids[5] = gated.ids[9] = 77;
  gated.choose();
  const std::vector<std::int32_t> experts = gated.experts();
  EXPECT_EQ(experts[10], experts[18]);
  EXPECT_EQ(experts[11], experts[19]);
  for (std::size_t t = 0; t < Gated::tokens; ++t) EXPECT_NE(experts[2 * t], experts[2 * t + 1]);
  EXPECT_EQ(std::set<std::int32_t>(experts.begin(), experts.end()).size(), 4U);
  EXPECT_EQ(gated.routing.weight.as<float>()[7], 0.5F);
}

TEST(Gate, AnotherSeedOrLayerHashesOtherwise) {
  Gated first(config_of(GateKind::hash)), layer(config_of(GateKind::hash), {.layer = 1}),
      seed(config_of(GateKind::hash), {.seed = 1});
  first.choose(), layer.choose(), seed.choose();
  EXPECT_NE(first.experts(), layer.experts());
  EXPECT_NE(first.experts(), seed.experts());
}

// Noise and jitter follow from seed, step, layer and place, and rest outside training.
TEST(Gate, NoiseIsKeyedAndRestsInEvaluation) {
  RouterConfig jitter;
  jitter.jitter = 0.5F;
  for (const RouterConfig& config : {config_of(GateKind::noisy_topk), jitter}) {
    Gated gated(config), layer(config, {.layer = 1});
    const auto logits = [](Gated& of, std::int64_t step, std::int64_t index) {
      of.batch.index = index;
      const Tensor z = of.choose(step).logits;
      return std::vector<float>(z.as<float>(), z.as<float>() + z.size());
    };
    const std::vector<float> clean = logits(gated, -1, 0), noisy = logits(gated, 5, 0);
    EXPECT_EQ(logits(gated, -1, 3), clean);
    EXPECT_NE(noisy, clean);
    EXPECT_EQ(logits(gated, 5, 0), noisy);
    EXPECT_NE(logits(gated, 6, 0), noisy);
    EXPECT_NE(logits(gated, 5, 1), noisy);
    EXPECT_NE(logits(layer, 5, 0), noisy);
  }
}

// The bias lives in the gate from step to step; a hot expert falls, a cold one rises, a tie rests.
TEST(Gate, BiasFollowsTheCountsOfTheStep) {
  RouterConfig config = config_of(GateKind::sigmoid);
  config.bias_rate = 0.25F;
  Gated gated(config);
  gated.gate.finish_step(std::vector<std::int64_t>{10, 2, 4, 0});
  gated.gate.finish_step(std::vector<std::int64_t>{4, 2, 4, 6});
  const auto state = gated.gate.state();
  ASSERT_EQ(state.size(), 1U);
  EXPECT_EQ(state[0].first, "layer0.bias");
  const auto* bias = state[0].second.as<float>();
  EXPECT_EQ(std::vector<float>(bias, bias + 4), (std::vector<float>{-0.25F, 0.5F, 0, 0}));
}

// Over the global batch the loss reads the step before: alike at first, then what was counted.
TEST(Gate, GlobalBalanceReadsTheStepBefore) {
  RouterConfig config{
      .balance_loss = 1.0F, .balance_over = BalanceOver::global_batch, .z_loss = 0.0F};
  Gated gated(config);
  gated.choose();
  EXPECT_NEAR(gated.backward().balance, 1.0, 1e-6);
  gated.gate.finish_step(std::vector<std::int64_t>{0, 64, 0, 0});
  double mean = 0.0;
  for (std::int64_t t = 0; t < Gated::tokens; ++t) {
    mean += static_cast<double>(gated.routing.probability.as<float>()[4 * t + 1]) / Gated::tokens;
  }
  EXPECT_NEAR(gated.backward().balance, 4.0 * mean, 1e-6);
}

// A tape gives back what it took, drops included.
struct MemoryTape final : RoutingTape {
  std::vector<std::int32_t> kept;
  bool replays = false;
  bool replay(const Batch&, int, Tensor expert) override {
    if (replays) std::copy(kept.begin(), kept.end(), expert.as<std::int32_t>());
    return replays;
  }
  void record(const Batch&, int, Tensor expert) override {
    kept.assign(expert.as<std::int32_t>(), expert.as<std::int32_t>() + expert.size());
  }
};

TEST(Gate, ReplayTakesTheRecordedChoicesAndDrops) {
  MemoryTape tape;
  RouterConfig config;
  config.capacity_factor = 1.0;
  Gated first(config, {.tape = &tape});
  first.choose(0);
  EXPECT_EQ(tape.kept, first.experts());
  EXPECT_THAT(tape.kept, testing::Contains(testing::Lt(0)));
  tape.replays = true;
  Gated again(config, {.tape = &tape}, /*init_std=*/0.1);
  again.choose(0);
  EXPECT_EQ(again.experts(), first.experts());
  EXPECT_EQ(again.routing.counts, first.routing.counts);
  EXPECT_EQ(again.routing.weight.as<float>()[0],
            again.routing.probability.as<float>()[expert_of(first.experts()[0])]);
}

}  // namespace gate_test
}  // namespace switchyard
