#include "router/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace router_config_test {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const RouterConfig& config) {
  try {
    check_router(config, 8);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  return "no error";
}

TEST(RouterConfig, DefaultsFit) { EXPECT_EQ(refusal({}), "no error"); }

TEST(RouterConfig, ExpertChoiceNeedsConsentAndSaysWhy) {
  EXPECT_THAT(refusal({.gate = GateKind::expert_choice}),
              AllOf(HasSubstr("router.gate"), HasSubstr("router.allow_future_tokens"),
                    HasSubstr("train on the future")));
  EXPECT_EQ(refusal({.gate = GateKind::expert_choice, .allow_future_tokens = true}), "no error");
}

TEST(RouterConfig, MadeUpChoicesNeedAGateOfTopK) {
  EXPECT_THAT(refusal({.force = ForcedRouting::balanced, .replay = "tape"}),
              AllOf(HasSubstr("router.force"), HasSubstr("router.replay")));
  EXPECT_THAT(refusal({.gate = GateKind::expert_choice,
                       .allow_future_tokens = true,
                       .force = ForcedRouting::zipf}),
              AllOf(HasSubstr("router.force"), HasSubstr("expert_choice")));
  EXPECT_EQ(refusal({.force = ForcedRouting::zipf}), "no error");
}

TEST(RouterConfig, KeysOfAnotherGateAreRefused) {
  const auto names = [](const char* key, const char* gate) {
    return AllOf(HasSubstr(key), HasSubstr("router.gate"), HasSubstr(gate));
  };
  EXPECT_THAT(refusal({.bias_rate = 0.001F}), names("router.bias_rate", "softmax_topk"));
  EXPECT_THAT(refusal({.bias_update = BiasUpdate::quantile}),
              names("router.bias_update", "softmax_topk"));
  EXPECT_THAT(refusal({.gate = GateKind::topk_softmax, .normalize = false}),
              names("router.normalize", "topk_softmax"));
  EXPECT_THAT(refusal({.gate = GateKind::hash, .jitter = 0.1F}), names("router.jitter", "hash"));
  EXPECT_THAT(refusal({.gate = GateKind::hash, .groups = 2}), names("router.groups", "hash"));
  EXPECT_THAT(refusal({.gate = GateKind::hash, .balance_over = BalanceOver::sequence}),
              names("router.balance_over", "hash"));
  EXPECT_THAT(
      refusal({.gate = GateKind::expert_choice, .capacity_factor = 1, .allow_future_tokens = true}),
      names("router.capacity_factor", "expert_choice"));
}

TEST(RouterConfig, GroupsMustHoldTheChoices) {
  EXPECT_EQ(refusal({.top_k = 4, .groups = 4, .groups_per_token = 2}), "no error");
  EXPECT_THAT(refusal({.groups = 9}), HasSubstr("model.num_experts = 8"));
  EXPECT_THAT(refusal({.groups = 2, .groups_per_token = 3}), HasSubstr("router.groups = 2"));
  EXPECT_THAT(refusal({.top_k = 3, .groups = 4, .groups_per_token = 2}),
              HasSubstr("not a multiple of router.groups_per_token = 2"));
  EXPECT_THAT(refusal({.top_k = 4, .groups = 4}), HasSubstr("leaves groups of 2"));
}

TEST(RouterConfig, NamedGroupsHoldEveryExpertOnce) {
  const NamedSets good = {{"even", {0, 2, 4, 6}}, {"odd", {1, 3, 5, 7}}};
  EXPECT_EQ(refusal({.group_experts = good}), "no error");
  EXPECT_THAT(refusal({.groups = 2, .group_experts = good}), HasSubstr("leave router.groups at 1"));
  EXPECT_THAT(refusal({.group_experts = good, .groups_per_token = 3}),
              HasSubstr("router.group_experts = 2"));
  EXPECT_THAT(refusal({.group_experts = {{"few", {0, 1}}}}), HasSubstr("no group for expert 2"));
  EXPECT_THAT(refusal({.group_experts = {{"a", {0, 8}}, {"b", {1}}}}),
              HasSubstr("group_experts.a names expert 8"));
  EXPECT_THAT(refusal({.group_experts = {{"a", {0, 1}}, {"b", {1}}}}),
              HasSubstr("names expert 1 in a and in b"));
  EXPECT_THAT(refusal({.group_experts = {{"a", {}}, {"b", {1}}}}), HasSubstr("a has no experts"));
}

TEST(RouterConfig, TopKFitsTheExperts) {
  EXPECT_THAT(refusal({.top_k = 9}), HasSubstr("model.num_experts = 8"));
  EXPECT_THAT(refusal({.top_k = 0}), HasSubstr("router.top_k = 0"));
}

// The config, the checkpoint's copy of it and the log name values by these.
TEST(RouterConfig, ValuesHaveTheirNames) {
  EXPECT_EQ(name_of(GateKind::softmax_topk), "softmax_topk");
  EXPECT_EQ(name_of(GateKind::hash), "hash");
  EXPECT_EQ(name_of(ExchangeKind::automatic), "auto");
  EXPECT_EQ(name_of(Payload::int8), "int8");
  EXPECT_EQ(name_of(BalanceOver::global_batch), "global_batch");
  EXPECT_EQ(name_of(DropBy::position), "position");
}

TEST(RouterConfig, RecordingMayNotOverwriteWhatIsReplayed) {
  EXPECT_THAT(refusal({.record = "a", .replay = "a"}), HasSubstr("router.replay"));
}

}  // namespace router_config_test
}  // namespace switchyard
