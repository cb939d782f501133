#include "router/config.h"

#include <fmt/format.h>

#include <vector>

#include "router/groups.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

void check_groups(const RouterConfig& config, int num_experts) {
  const bool named = !config.group_experts.empty();
  require(!named || config.groups == 1, Exit::usage,
          "router.groups = {} does not go with router.group_experts, which names {} groups: leave "
          "router.groups at 1",
          config.groups, config.group_experts.size());
  require(config.groups >= 1 && config.groups <= num_experts, Exit::usage,
          "router.groups = {}: model.num_experts = {} allows 1 to {} groups", config.groups,
          num_experts, num_experts);
  const int groups = num_groups(config);
  const std::string key = named ? "router.group_experts" : "router.groups";
  require(config.groups_per_token >= 1 && config.groups_per_token <= groups, Exit::usage,
          "router.groups_per_token = {}: it must be from 1 to {} = {}", config.groups_per_token,
          key, groups);
  if (named) expert_groups(config, num_experts);  // throws if they are wrong
  if (groups == 1) return;
  require(config.gate != GateKind::hash && config.gate != GateKind::expert_choice, Exit::usage,
          "{} = {} does not go with router.gate = \"{}\": set router.groups = 1", key, groups,
          name_of(config.gate));
  require(
      config.top_k % config.groups_per_token == 0, Exit::usage,
      "router.top_k = {} is not a multiple of router.groups_per_token = {}: a token takes equally "
      "many experts of each of its groups",
      config.top_k, config.groups_per_token);
  const int each = config.top_k / config.groups_per_token;
  for (const std::vector<int>& group : expert_groups(config, num_experts)) {
    require(each <= std::ssize(group), Exit::usage,
            "router.top_k = {} over router.groups_per_token = {} needs {} experts of a group, but "
            "{} leaves groups of {}",
            config.top_k, config.groups_per_token, each,
            named ? key : fmt::format("{} = {}", key, groups), group.size());
  }
}

void check_sigmoid_only(const RouterConfig& config) {
  if (config.gate == GateKind::sigmoid) return;
  require(config.bias_rate == 0.0F, Exit::usage,
          "router.bias_rate = {} needs router.gate = \"sigmoid\", not \"{}\"", config.bias_rate,
          name_of(config.gate));
  require(config.bias_update == BiasUpdate::sign, Exit::usage,
          "router.bias_update = \"{}\" needs router.gate = \"sigmoid\", not \"{}\"",
          name_of(config.bias_update), name_of(config.gate));
  require(config.normalize, Exit::usage,
          "router.normalize = false needs router.gate = \"sigmoid\": with \"{}\" the gate decides "
          "whether weights add up to one (softmax_topk: no; topk_softmax: yes)",
          name_of(config.gate));
}

// The cutoff of a token, its (k+1)-th best score, counts experts of all groups.
void check_quantile(const RouterConfig& config, int num_experts) {
  if (config.bias_update != BiasUpdate::quantile || config.bias_rate == 0.0F) return;
  require(num_groups(config) == 1 || config.groups_per_token == num_groups(config), Exit::usage,
          "router.bias_update = \"quantile\" does not go with groups: a token that may visit {} of "
          "{} groups has no one cutoff. Set router.groups_per_token to the number of groups, or "
          "choose \"sign\"",
          config.groups_per_token, num_groups(config));
  require(config.top_k < num_experts, Exit::usage,
          "router.bias_update = \"quantile\" has nothing to balance: router.top_k = {} is "
          "model.num_experts",
          config.top_k);
}

}  // namespace

void check_router(const RouterConfig& config, int num_experts) {
  require(config.top_k >= 1, Exit::usage, "router.top_k = {}: it must be at least 1", config.top_k);
  require(config.top_k <= num_experts, Exit::usage,
          "router.top_k = {} is more than model.num_experts = {}", config.top_k, num_experts);
  check_groups(config, num_experts);
  check_sigmoid_only(config);
  check_quantile(config, num_experts);
  require(config.jitter == 0.0F || config.gate != GateKind::hash, Exit::usage,
          "router.jitter = {} does nothing with router.gate = \"hash\", which reads token ids "
          "only: set it to 0",
          config.jitter);
  if (config.force != ForcedRouting::off) {
    require(config.replay.empty(), Exit::usage,
            "router.force = \"{}\" and router.replay = \"{}\" both say what gates choose: set one",
            name_of(config.force), config.replay);
    require(config.gate != GateKind::expert_choice, Exit::usage,
            "router.force = \"{}\" gives each token {} experts, which router.gate = "
            "\"expert_choice\" does not: choose another gate",
            name_of(config.force), config.top_k);
  }
  if (config.gate == GateKind::expert_choice) {
    require(config.allow_future_tokens, Exit::usage,
            "router.gate = \"expert_choice\" lets experts choose among all tokens of a "
            "micro-batch, so that a token's route depends on the tokens after it: a causal model "
            "would train on the future, which it does not have when it generates text. Choose "
            "another gate, or set router.allow_future_tokens = true to use this one anyway");
    require(config.capacity_factor == 0.0, Exit::usage,
            "router.capacity_factor = {} does not go with router.gate = \"expert_choice\", whose "
            "experts take an even share of the tokens: set it to 0",
            config.capacity_factor);
  }
  require(config.balance_over == BalanceOver::micro_batch ||
              (config.gate != GateKind::expert_choice && config.gate != GateKind::hash),
          Exit::usage,
          "router.balance_over = \"{}\" does not go with router.gate = \"{}\", which a "
          "balance loss does not change: leave it at \"micro_batch\"",
          name_of(config.balance_over), name_of(config.gate));
  require(config.record.empty() || config.record != config.replay, Exit::usage,
          "router.record and router.replay are both \"{}\": name two different folders",
          config.record);
}

}  // namespace switchyard
