#include "launch/config/config_checks.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/config/config_warnings.h"
#include "runtime/error.h"

namespace switchyard {
namespace config_checks_test {

using testing::HasSubstr;

std::string failure_of(const std::vector<std::string>& sets) {
  try {
    check_config(load_config({{}, {}, sets}));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  return "no error";
}

TEST(ConfigChecks, DefaultsFit) { EXPECT_EQ(failure_of({}), "no error"); }

TEST(ConfigChecks, MicroBatchMustDivideTheBatch) {
  EXPECT_THAT(failure_of({"train.micro_batch_size=5"}),
              HasSubstr("does not divide train.global_batch_size = 32"));
}

TEST(ConfigChecks, MicroBatchMustFillTiles) {
  EXPECT_THAT(failure_of({"data.sequence_length=5", "train.micro_batch_size=2"}),
              HasSubstr("multiple of 16"));
}

TEST(ConfigChecks, KeyValueHeadsMustDivideHeads) {
  EXPECT_THAT(failure_of({"model.num_kv_heads=3"}),
              HasSubstr("does not divide model.num_heads = 4"));
}

TEST(ConfigChecks, NodeLocalCheckpointsNeedAPlace) {
  EXPECT_THAT(failure_of({"checkpoint.local_every=5"}), HasSubstr("checkpoint.local_dir"));
}

TEST(ConfigChecks, HeadDimMustBeEven) {
  EXPECT_THAT(failure_of({"model.head_dim=33"}), HasSubstr("odd"));
}

TEST(ConfigChecks, TopKMustNotExceedExperts) {
  EXPECT_THAT(failure_of({"router.top_k=9"}), HasSubstr("more than model.num_experts = 8"));
}

TEST(ConfigChecks, DenseLayersMustExist) {
  EXPECT_THAT(failure_of({"model.dense_layers=[4]"}), HasSubstr("the last one is 3"));
}

TEST(ConfigChecks, DenseLayersMustNotRepeat) {
  EXPECT_THAT(failure_of({"model.dense_layers=[1, 1]"}), HasSubstr("layer 1 twice"));
}

TEST(ConfigChecks, WarmupMustEnd) {
  EXPECT_THAT(failure_of({"train.steps=10", "train.warmup_steps=100"}),
              HasSubstr("train.warmup_steps = 100 is more than train.steps = 10"));
}

TEST(ConfigChecks, TheRateMustNotClimbAfterTheWarmup) {
  EXPECT_THAT(
      failure_of({"train.learning_rate=2e-5"}),
      HasSubstr("train.min_learning_rate = 0.0001 is more than train.learning_rate = 2e-05"));
  EXPECT_EQ(failure_of({"train.learning_rate=1e-4"}), "no error");
}

TEST(ConfigChecks, AConstantRateHasNoMinimum) {
  EXPECT_EQ(failure_of({"train.learning_rate=2e-5", "train.schedule=constant"}), "no error");
}

TEST(ConfigChecks, TheDecayOfWsdMustFitBehindTheWarmup) {
  const std::vector<std::string> sets = {"train.steps=100", "train.schedule=wsd",
                                         "train.warmup_steps=50", "train.decay_steps=50"};
  EXPECT_EQ(failure_of(sets), "no error");
  std::vector<std::string> more = sets;
  more.push_back("train.decay_steps=51");
  EXPECT_THAT(failure_of(more), HasSubstr("are more than train.steps = 100"));
}

TEST(ConfigChecks, ARampMustFitTheBatch) {
  EXPECT_EQ(failure_of({"train.batch_ramp=[[0, 8], [100, 32]]"}), "no error");
  EXPECT_THAT(failure_of({"train.batch_ramp=[[0, 8], [100, 16]]"}), HasSubstr("must end there"));
  EXPECT_THAT(failure_of({"train.batch_ramp=[[0, 8], [5000, 32]]"}),
              HasSubstr("train.steps = 1000"));
}

TEST(ConfigChecks, PhasesMustBeginInTheRun) {
  EXPECT_EQ(failure_of({"data.phases.a={ from = 5, weights = {} }"}), "no error");
  EXPECT_THAT(failure_of({"data.phases.a={ from = 0, weights = {} }"}),
              HasSubstr("data.phases.a.from = 0"));
  EXPECT_THAT(failure_of({"data.phases.a={ from = 1000, weights = {} }"}),
              HasSubstr("is no step of train.steps = 1000"));
}

TEST(ConfigChecks, RolesMustExist) {
  EXPECT_THAT(
      failure_of({"train.rates.embeding=1"}),
      HasSubstr("train.rates.embeding: there is no role embeding; did you mean embedding?"));
  EXPECT_THAT(failure_of({"train.decays.moe=1"}), HasSubstr("train.decays.moe"));
}

TEST(ConfigChecks, ADecayMustLeaveSomethingOfAWeightOfEveryRole) {
  EXPECT_THAT(
      failure_of({"train.learning_rate=1", "train.rates.router=5", "train.decays.router=2"}),
      HasSubstr("lower train.rates.router or train.decays.router"));
}

TEST(ConfigChecks, EarlyStoppingNeedsEvaluationsAndABest) {
  EXPECT_THAT(failure_of({"train.patience=3"}), HasSubstr("train.evaluate_every"));
  EXPECT_THAT(failure_of({"train.patience=3", "train.evaluate_every=10"}),
              HasSubstr("checkpoint.keep_best = 1"));
  EXPECT_EQ(failure_of({"train.patience=3", "train.evaluate_every=10", "checkpoint.keep_best=1"}),
            "no error");
}

TEST(ConfigChecks, ADecayMustLeaveSomethingOfAWeight) {
  EXPECT_THAT(failure_of({"train.learning_rate=10"}), HasSubstr("train.weight_decay"));
}

TEST(ConfigChecks, ARouterOfOneExpertPerTokenMustBeAbleToLearn) {
  for (const char* gate : {"topk_softmax", "noisy_topk", "sigmoid"}) {
    EXPECT_THAT(failure_of({fmt::format("router.gate={}", gate), "router.top_k=1"}),
                HasSubstr("router.top_k = 1 with router.gate"));
  }
  EXPECT_EQ(failure_of({"router.top_k=1"}), "no error");
  EXPECT_EQ(failure_of({"router.gate=sigmoid", "router.normalize=false", "router.top_k=1"}),
            "no error");
  EXPECT_EQ(failure_of({"router.gate=topk_softmax", "router.top_k=1", "model.num_experts=1"}),
            "no error");
}

TEST(ConfigChecks, AllMistakesAreReportedAtOnce) {
  const std::string message =
      failure_of({"train.micro_batch_size=5", "model.head_dim=33", "router.top_k=9"});
  for (const char* part : {"3 mistakes", "does not divide", "odd", "router.top_k = 9"})
    EXPECT_THAT(message, HasSubstr(part));
}

TEST(ConfigChecks, AModelWithoutExpertsNeedsNoRouter) {
  EXPECT_EQ(failure_of({"model.num_experts=0"}), "no error");
}

TEST(ConfigChecks, TheTableMustHaveARowForEachId) {
  ModelConfig model;
  EXPECT_EQ(vocabulary_of(model, 400), 400);
  model.vocabulary = 512;
  EXPECT_EQ(vocabulary_of(model, 400), 512);
  EXPECT_EQ(vocabulary_of(model, 512), 512);
  try {
    vocabulary_of(model, 513);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_THAT(error.what(), HasSubstr("model.vocabulary = 512 has no rows for all 513 ids"));
  }
}

TEST(ConfigChecks, ACheckpointMayTrainInAWayThatIsRefusedToday) {
  EXPECT_NO_THROW(check_shape(load_config({{}, {}, {"train.learning_rate=2e-5"}})));
}

TEST(ConfigChecks, WindowLayersMustExistOnce) {
  EXPECT_EQ(failure_of({"model.window=8", "model.window_layers=[0, 3]"}), "no error");
  EXPECT_THAT(failure_of({"model.window=8", "model.window_layers=[4]"}),
              HasSubstr("model.window_layers names layer 4, but model.num_layers = 4"));
  EXPECT_THAT(failure_of({"model.window=8", "model.window_layers=[1, 1]"}),
              HasSubstr("model.window_layers names layer 1 twice"));
}

TEST(ConfigChecks, ScaledPositionsNeedALengthAndARamp) {
  const auto failure_with = [](const char* type, const char* set) {
    return failure_of({fmt::format("model.rope_type={}", type), "model.rope_factor=8",
                       "model.rope_original_length=64", set});
  };
  for (const char* type : {"llama3", "yarn"}) {
    EXPECT_EQ(failure_with(type, "model.rope_truncate=false"), "no error");
    EXPECT_THAT(failure_with(type, "model.rope_original_length=0"),
                HasSubstr("needs model.rope_original_length"));
  }
  EXPECT_THAT(failure_with("llama3", "model.rope_low_frequency_factor=4"),
              HasSubstr("model.rope_low_frequency_factor = 4 is not less than"));
  EXPECT_THAT(failure_with("yarn", "model.rope_beta_slow=32"),
              HasSubstr("model.rope_beta_slow = 32 is not less than"));
  EXPECT_THAT(failure_with("yarn", "model.rope_beta_slow=11"),
              HasSubstr("no wave turns model.rope_beta_slow = 11 times"));
}

std::string warnings_of(const std::vector<std::string>& sets) {
  return fmt::format("{}", fmt::join(config_warnings(load_config({{}, {}, sets})), "; "));
}

TEST(ConfigWarnings, SayWhichKeysDoNothing) {
  EXPECT_EQ(warnings_of({}), "");
  EXPECT_THAT(warnings_of({"checkpoint.keep_best=2"}),
              HasSubstr("checkpoint.keep_best = 2 does nothing: train.evaluate_every = 0"));
  EXPECT_THAT(warnings_of({"router.balance_loss=0", "router.balance_over=sequence"}),
              HasSubstr("router.balance_over = 'sequence' does nothing: router.balance_loss is 0"));
  EXPECT_THAT(warnings_of({"train.decay_steps=5"}), HasSubstr("train.schedule is not \"wsd\""));
  EXPECT_THAT(warnings_of({"train.min_improvement=0.1"}), HasSubstr("train.patience = 0"));
  EXPECT_THAT(warnings_of({"train.decays.norms=2"}), HasSubstr("norms have no weight decay"));
  EXPECT_THAT(warnings_of({"router.drop=position"}), HasSubstr("router.capacity_factor = 0"));
  EXPECT_THAT(warnings_of({"train.evaluate_every=5000"}), HasSubstr("more than train.steps"));
  EXPECT_THAT(warnings_of({"guard.enabled=false", "guard.skips=1"}),
              HasSubstr("guard.skips = 1 does nothing: guard.enabled is false"));
  EXPECT_THAT(warnings_of({"model.dense_layers=[0,1,2,3]", "router.top_k=1"}),
              HasSubstr("router.top_k = 1 does nothing: model.dense_layers names every layer"));
  EXPECT_EQ(warnings_of({"model.num_experts=0"}), "");
  EXPECT_THAT(warnings_of({"model.num_experts=0", "router.top_k=1"}),
              HasSubstr("router.top_k = 1 does nothing: model.num_experts is 0"));
  EXPECT_THAT(warnings_of({"model.num_experts=0", "model.dense_layers=[0]"}),
              HasSubstr("model.dense_layers = [0] does nothing"));
  EXPECT_THAT(warnings_of({"model.num_experts=0", "parallel.experts=2"}),
              HasSubstr("parallel.experts = 2 does nothing"));
  EXPECT_THAT(warnings_of({"model.shared_expert_gate=true"}),
              HasSubstr("model.shared_expert_hidden = 0 makes no shared expert"));
  EXPECT_THAT(warnings_of({"router.groups=2", "router.groups_per_token=2"}),
              HasSubstr("router.groups = 2 does nothing"));
  EXPECT_THAT(warnings_of({"train.steps=10", "guard.window=64"}), HasSubstr("guard.window = 64"));
  EXPECT_THAT(warnings_of({"router.top_k=8"}), HasSubstr("every token visits every expert"));
  EXPECT_THAT(warnings_of({"router.capacity_factor=0.5"}), HasSubstr("at least 50 %"));
}

TEST(ConfigWarnings, SayWhichKeysOfAttentionDoNothing) {
  EXPECT_EQ(warnings_of({"model.window=8", "model.window_layers=[0, 2]"}), "");
  EXPECT_THAT(warnings_of({"model.window=256", "data.sequence_length=256"}),
              HasSubstr("model.window = 256 does nothing: no row"));
  EXPECT_THAT(warnings_of({"model.window_layers=[1]"}), HasSubstr("model.window is 0"));
  EXPECT_THAT(warnings_of({"model.rope_factor=8"}),
              HasSubstr("model.rope_factor = 8.0 does nothing: model.rope_type is \"none\""));
  const std::vector<std::string> llama3 = {"model.rope_type=llama3", "model.rope_factor=8",
                                           "model.rope_original_length=64"};
  EXPECT_EQ(warnings_of(llama3), "");
  std::vector<std::string> sets = llama3;
  sets.emplace_back("model.rope_truncate=false");
  EXPECT_THAT(warnings_of(sets), HasSubstr("model.rope_type is not \"yarn\""));
  sets = llama3;
  sets.emplace_back("model.rope_factor=1");
  EXPECT_THAT(warnings_of(sets), HasSubstr("model.rope_type = 'llama3' does nothing"));
  sets = llama3;
  sets.emplace_back("data.sequence_length=1024");
  EXPECT_THAT(warnings_of(sets), HasSubstr("rows are longer than the scaling is for"));
}

TEST(ConfigWarnings, SayWhichCheckpointsCannotBeTheBest) {
  const std::vector<std::string> sets = {"checkpoint.keep_best=1", "train.checkpoint_every=2"};
  const auto with_evaluations = [&](const char* every) {
    std::vector<std::string> all = sets;
    all.push_back(fmt::format("train.evaluate_every={}", every));
    return warnings_of(all);
  };
  EXPECT_THAT(with_evaluations("7"), HasSubstr("every 14-th step"));
  EXPECT_EQ(with_evaluations("1"), "");
  EXPECT_EQ(with_evaluations("4"), "");
}

}  // namespace config_checks_test
}  // namespace switchyard
