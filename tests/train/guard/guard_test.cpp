#include "train/guard/guard.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace guard_test {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

constexpr GuardConfig strict{.window = 8, .skips = 1, .rewinds = 1};
constexpr double uniform_loss = 5.5;  // of bytes
constexpr StepFigures broken{nan, nan, false};

Guard after_good_steps(const GuardConfig& config, double clip_norm = 1.0) {
  Guard guard(config, clip_norm, uniform_loss);
  for (int i = 0; i < 8; ++i) guard.take({3.0 - 0.01 * i, 1.0 + 0.02 * i});
  return guard;
}

TEST(Guard, SkipsThenGoesBackThenGivesUp) {
  Guard guard = after_good_steps(strict);
  EXPECT_EQ(guard.refuse(8, broken, false, "bad"), StepOutcome::skipped);
  EXPECT_EQ(guard.refuse(9, broken, false, "bad"), StepOutcome::rewind);
  EXPECT_EQ(guard.rewind().next_batch, 10);
  guard.go_on(4, guard.rewind());
  EXPECT_EQ(guard.batch_of(4), 10);
  EXPECT_EQ(guard.refuse(4, broken, false, "bad"), StepOutcome::skipped);
  try {
    guard.refuse(5, broken, false, "bad");
    ADD_FAILURE() << "went back more often than guard.rewinds";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::numerical);
    EXPECT_TRUE(error.agreed());
  }
}

TEST(Guard, AStepThatIsTakenRenewsTheSkips) {
  Guard guard = after_good_steps(strict);
  EXPECT_EQ(guard.refuse(8, broken, false, "bad"), StepOutcome::skipped);
  guard.take({2.9, 1.1});
  EXPECT_EQ(guard.refuse(10, broken, false, "bad"), StepOutcome::skipped);
}

// What the trainer does with a step whose repetition gives the same figures.
StepOutcome outcome_of(Guard& guard, const StepFigures& figures) {
  const std::string problem = guard.problem_with(figures);
  const StepOutcome outcome =
      problem.empty() ? StepOutcome::taken : guard.refuse(0, figures, true, problem);
  if (changed_weights(outcome)) guard.take(figures);
  return outcome;
}

constexpr StepFigures ordinary{0.1, 0.2}, of_a_rare_source{4.0, 12.0};

Guard after_ordinary_steps(std::int64_t steps) {
  Guard guard({.window = 64}, 1.0, uniform_loss);
  for (std::int64_t i = 0; i < steps; ++i) guard.take(ordinary);
  return guard;
}

TEST(Guard, ABatchFromARareSourceIsTaken) {
  Guard guard = after_ordinary_steps(64);
  EXPECT_EQ(outcome_of(guard, of_a_rare_source), StepOutcome::outlier);
  guard.take(ordinary);
  EXPECT_EQ(outcome_of(guard, of_a_rare_source), StepOutcome::taken);  // the window knows it
  for (int i = 0; i < 200; ++i) guard.take(ordinary);
  EXPECT_EQ(outcome_of(guard, of_a_rare_source), StepOutcome::outlier);
}

TEST(Guard, OutliersInARowSendARunBackUnlessTheirSourceExplainsThem) {
  Guard guard = after_ordinary_steps(64);  // guard.skips = 3
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome_of(guard, of_a_rare_source), StepOutcome::outlier);
  EXPECT_EQ(outcome_of(guard, of_a_rare_source), StepOutcome::rewind);

  Guard mixed({.window = 64}, 1.0, uniform_loss);  // one step in eight
  for (int i = 0; i < 64; ++i) mixed.take(i % 8 == 0 ? of_a_rare_source : ordinary);
  int in_a_row = 0;
  while (outcome_of(mixed, of_a_rare_source) == StepOutcome::taken) ++in_a_row;
  EXPECT_EQ(in_a_row, 8);  // (1/8)^9 is about (1/66)^4
}

// Each of them is clipped, and the loss shows whether the weights have been spoilt.
TEST(Guard, HighGradientsInARowDoNotSendARunBack) {
  Guard guard = after_ordinary_steps(64);
  for (const double norm : {3.0, 12.0, 50.0, 200.0, 800.0})
    EXPECT_EQ(outcome_of(guard, {0.1, norm}), StepOutcome::outlier);
}

TEST(Guard, ALossNoTextGivesIsSkippedOnceAtMost) {
  Guard guard = after_ordinary_steps(64);
  EXPECT_EQ(outcome_of(guard, {30.0, 12.0}), StepOutcome::skipped);
  for (int i = 0; i < 200; ++i) guard.take(ordinary);
  EXPECT_EQ(outcome_of(guard, {31.0, 12.0}), StepOutcome::outlier);
  guard.take(ordinary);
  EXPECT_EQ(outcome_of(guard, {300.0, 12.0}), StepOutcome::skipped);
}

TEST(Guard, WithoutClippingAGradientIsSkippedOnceAtMost) {
  Guard guard = after_good_steps(strict, 0.0);
  EXPECT_EQ(outcome_of(guard, {2.9, 90.0}), StepOutcome::skipped);
  for (int i = 0; i < 20; ++i) guard.take({2.9, 1.1});
  EXPECT_EQ(outcome_of(guard, {2.9, 90.0}), StepOutcome::outlier);
}

TEST(Guard, AnOutlierThatIsNotReproducedIsSkipped) {
  Guard guard = after_ordinary_steps(64);
  EXPECT_EQ(guard.refuse(0, of_a_rare_source, false, "bad"), StepOutcome::skipped);
}

TEST(Guard, KnowsSpikesAndWhatIsNotFinite) {
  const Guard guard = after_good_steps(strict);
  EXPECT_EQ(guard.problem_with({2.95, 1.1}), "");
  EXPECT_EQ(guard.problem_with({0.1, 0.1}), "");  // far below is no spike
  EXPECT_NE(guard.problem_with({30.0, 1.1}).find("the loss 30"), std::string::npos);
  EXPECT_NE(guard.problem_with({2.95, 90.0}).find("gradient norm 90"), std::string::npos);
  EXPECT_NE(guard.problem_with({nan, 1.0}), "");
  EXPECT_NE(guard.problem_with({1.0, 1.0, false}), "");
}

// A run that has memorised its data: losses and norms so flat that any step is unusual.
TEST(Guard, WhatClippingAllowsIsNoSpike) {
  Guard guard(strict, 1.0, uniform_loss);
  for (int i = 0; i < 8; ++i) guard.take({0.0886 + 1e-4 * i, 0.0705 + 1e-4 * i});
  EXPECT_EQ(guard.problem_with({0.107, 0.7}), "");
  EXPECT_EQ(guard.problem_with({0.13, 0.7}), "");  // next to nothing, too
  EXPECT_NE(guard.problem_with({0.5, 0.7}), "");
  EXPECT_NE(guard.problem_with({0.107, 1.1}), "");
}

TEST(Guard, RemembersInACheckpointWhatItDecidesBy) {
  Guard guard = after_good_steps(strict);
  guard.refuse(8, {30.0, 1.1}, true, "bad");
  Guard resumed(strict, 1.0, uniform_loss);
  const nlohmann::json state = nlohmann::json::parse(guard.state().dump());
  resumed.load({state, "guard"});
  EXPECT_EQ(resumed.state(), guard.state());
  EXPECT_EQ(resumed.problem_with({30.0, 1.1}), guard.problem_with({30.0, 1.1}));
  EXPECT_EQ(resumed.refuse(9, broken, false, "bad"), StepOutcome::rewind);
}

TEST(Guard, NamesWhatACheckpointDoesNotHoldRightly) {
  const nlohmann::json right = after_good_steps(strict).state();
  for (const char* key : {"losses", "gradient_norms", "skipped", "rewinds", "refused_loss"}) {
    nlohmann::json wrong = right;
    wrong[key] = {-1};
    Guard guard(strict, 1.0, uniform_loss);
    try {
      guard.load({wrong, "guard"});
      ADD_FAILURE() << key;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::data);
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  }
}

SmallConfig small_config() {
  SmallConfig config;
  config.guard = {.spike_sigma = 20.0, .window = 4, .skips = 2, .compare_every = 0};
  return config;
}

// As it is, with recomputed layers, and with experts that move and have copies.
std::vector<SmallConfig> small_configs() {
  std::vector<SmallConfig> configs(3, small_config());
  configs[1].recompute_layers = 2;
  configs[2].rebalance_every = 2;
  configs[2].router.extra_copies = 2;
  return configs;
}

SmallRun on_all_ranks(const SmallConfig& config, int degree, RoutingTape* tape = nullptr) {
  return {config, test_world().split(0, test_world().rank()), degree, tape};
}

// Breaks an embedding of one rank in the first of its micro-batches of step 2, and mends it in the
// second: the loss, and then a router logit, are not finite, once.
struct TransientFault final : RoutingTape {
  Params* params = nullptr;
  float kept = 0.0F;
  int calls = 0;

  bool replay(const Batch&, int, Tensor) override { return false; }
  void record(const Batch& batch, int, Tensor) override {
    if (params == nullptr || batch.step != 2 || ++calls > 2) return;
    float& element = params->value(params->find("embedding")).as<float>()[3];
    if (calls == 1) kept = std::exchange(element, std::numeric_limits<float>::infinity());
    if (calls == 2) element = kept;
  }
};

TEST(GuardedTrainer, AFaultThatDoesNotRepeatLeavesNoTrace) {
  for (const SmallConfig& config : small_configs()) {
    SmallRun sound = on_all_ranks(config, 1);
    const std::vector<double> losses = sound.losses(0, 4);
    TransientFault fault;
    SmallRun run = on_all_ranks(config, 1, &fault);
    if (test_world().rank() == test_world().size() - 1) fault.params = &run.model().params();
    for (std::int64_t step = 0; step < 4; ++step) {
      const StepReport report = run.step(step);
      EXPECT_EQ(report.outcome, step == 2 ? StepOutcome::repeated : StepOutcome::taken);
      EXPECT_EQ(report.loss, losses[static_cast<std::size_t>(step)]);
    }
    EXPECT_EQ(run.state_hash(), sound.state_hash());
  }
}

// A step whose loss is divided by too few tokens, as if its batch were a thousand times as bad.
StepReport spiked_step(SmallRun& run, std::int64_t step) {
  StepData data = run.data().step(step);
  data.loss_tokens /= 300;
  return run.trainer().step(step, data);
}

std::int64_t hash_after_a_spike(SmallRun& run) {
  run.losses(0, 6);
  const std::int64_t before = run.state_hash();
  const StepReport report = spiked_step(run, 6);
  EXPECT_EQ(report.outcome, StepOutcome::skipped);
  EXPECT_NE(report.problem.find("deviations above"), std::string::npos) << report.problem;
  EXPECT_EQ(run.state_hash(), before);
  EXPECT_EQ(run.step(7).outcome, StepOutcome::taken);
  return run.state_hash();
}

TEST(GuardedTrainer, ASpikeIsLeftOutWithTheSameBitsOnAnyLayout) {
  SmallRun alone(small_config(), test_world().split(test_world().rank(), 0), 1);
  const std::int64_t expected = hash_after_a_spike(alone);
  for (const SmallConfig& config : small_configs()) {
    const int degree = largest_divisor(test_world().size(), config.model.num_experts);
    SmallRun together = on_all_ranks(config, degree);
    EXPECT_EQ(hash_after_a_spike(together), expected);
  }
}

// An unusual loss, but one that the text may have: the step changes the weights as without a
// guard.
TEST(GuardedTrainer, AnOutlierIsTakenWithTheSameBitsAsWithoutAGuard) {
  SmallConfig config = small_config();
  config.guard.spike_sigma = 2.0;
  SmallConfig unguarded = config;
  unguarded.guard.enabled = false;
  SmallRun run = on_all_ranks(config, 1), other = on_all_ranks(unguarded, 1);
  for (SmallRun* one : {&run, &other}) {
    one->losses(0, 6);
    StepData data = one->data().step(6);
    data.loss_tokens /= 2;
    const StepReport report = one->trainer().step(6, data);
    EXPECT_EQ(report.outcome, one == &run ? StepOutcome::outlier : StepOutcome::taken);
  }
  EXPECT_EQ(run.state_hash(), other.state_hash());
}

// What find_unequal_replicas says of one flipped bit on the last rank.
StepReport step_with_a_flipped_bit(const char* name) {
  SmallConfig config = small_config();
  config.guard.compare_every = 2;
  SmallRun run = on_all_ranks(config, 1);
  run.step(0);
  Params& params = run.model().params();
  auto* bytes = static_cast<unsigned char*>(params.value(params.find(name)).data);
  if (test_world().rank() == test_world().size() - 1) bytes[41] ^= 4U;
  return run.trainer().step(2, run.data().step(2));
}

TEST(GuardedTrainer, AFlippedBitInAReplicaIsFoundAndTheRankNamed) {
  const int last = test_world().size() - 1;
  for (const char* name : {"embedding", "layer1.expert3.up"}) {
    const StepReport report = step_with_a_flipped_bit(name);
    EXPECT_EQ(report.outcome, last == 0 ? StepOutcome::taken : StepOutcome::rewind);
    const std::string expected =
        last == 0   ? ""
        : last == 1 ? fmt::format(
                          "ranks 0, 1 hold different bits of {}, none of them the "
                          "majority's",
                          name)
                    : fmt::format("rank {} holds other bits of {} than the {} other replicas", last,
                                  name, last);
    EXPECT_EQ(report.problem, expected);
  }
}

}  // namespace guard_test
}  // namespace switchyard
