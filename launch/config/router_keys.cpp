#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(RouterConfig& router) {
  return {{"router.gate", &router.gate, Anything{}, Resume::fixed,
           "how tokens and experts are matched, see docs/train.md"},
          {"router.top_k", &router.top_k, Range{1, 1024}, Resume::fixed, "experts per token"},
          {"router.scale", &router.scale, Range{0, 1e6}, Resume::fixed, "of every weight"},
          {"router.normalize", &router.normalize, Anything{}, Resume::fixed,
           "sigmoid: a token's weights add up to router.scale"},
          {"router.bias_rate", &router.bias_rate, Range{0, 1}, Resume::free,
           "sigmoid: step of the balancing bias; 0: it rests"},
          {"router.jitter", &router.jitter, Range{0, 0.999}, Resume::free,
           "the gate reads its input times 1 +- this in training; 0: off"},
          {"router.groups", &router.groups, Range{1, 1 << 20}, Resume::fixed,
           "sets of neighbouring experts; 1: no groups"},
          {"router.group_experts", &router.group_experts, Range{0, 1 << 20}, Resume::fixed,
           "the groups by name, each a list of experts, in place of router.groups"},
          {"router.groups_per_token", &router.groups_per_token, Range{1, 1024}, Resume::fixed,
           "groups that a token's experts come from"},
          {"router.exchange", &router.exchange, Anything{}, Resume::free,
           "how rows travel, the bits are the same; auto is the fastest when measured"},
          {"router.payload", &router.payload, Anything{}, Resume::fixed,
           "what a travelling row is rounded to"},
          {"router.exchange_chunks", &router.exchange_chunks, Range{1, 1024}, Resume::free,
           "pieces of a pipelined exchange"},
          {"router.ranks_per_node", &router.ranks_per_node, Range{0, 1 << 20}, Resume::free,
           "exchange as if nodes had so few ranks; 0: as they are"},
          {"router.extra_copies", &router.extra_copies, Range{0, 1 << 20}, Resume::free,
           "slots per layer for second copies of busy experts (train.placement_every)"},
          {"router.balance_loss", &router.balance_loss, Range{0, 1e6}, Resume::free,
           "coefficient; 0: off"},
          {"router.balance_over", &router.balance_over, Anything{}, Resume::fixed,
           "what the balance loss balances over"},
          {"router.z_loss", &router.z_loss, Range{0, 1e6}, Resume::free, "coefficient; 0: off"},
          {"router.capacity_factor", &router.capacity_factor, Range{0, 1e6}, Resume::free,
           "of an even share of a micro-batch, where an expert is full; 0: never"},
          {"router.drop", &router.drop, Anything{}, Resume::free,
           "a full expert drops the least weights, or the last tokens"},
          {"router.allow_future_tokens", &router.allow_future_tokens, Anything{}, Resume::fixed,
           "let expert_choice route a token by those after it"},
          {"router.record", &router.record, Anything{}, Resume::free,
           "folder for every choice; empty: none"},
          {"router.replay", &router.replay, Anything{}, Resume::free,
           "folder of recorded choices to take again; empty: none"}};
}

}  // namespace switchyard
