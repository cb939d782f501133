#include "launch/config/config_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace config_checks_test
}  // namespace switchyard
