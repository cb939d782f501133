// The arithmetic of one row of a gate, on host and device.
#pragma once

#include <cstdint>

#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {

// How a token's logits become the weights of its chosen experts.
enum class Weighing : std::uint8_t {
  softmax_topk,       // the chosen probabilities, not renormalised (OLMoE, arXiv:2409.02060)
  topk_softmax,       // the softmax of the chosen logits (Mixtral, arXiv:2401.04088)
  sigmoid,            // the chosen sigmoids as they are (Llama 4)
  sigmoid_normalized  // the chosen sigmoids over their sum (DeepSeek-V3, arXiv:2412.19437)
};

constexpr bool is_sigmoid(Weighing weighing) {
  return weighing == Weighing::sigmoid || weighing == Weighing::sigmoid_normalized;
}

// What all rows of a gate have in common.
struct GateRule {
  Weighing weighing = Weighing::softmax_topk;
  float scale = 1.0F;  // of the weights
  std::int64_t groups = 1, groups_per_token = 1;
  // Of groups that are not consecutive: their experts, ascending within a group, and where each
  // group begins among them, [experts] and [groups + 1]. nullptr: consecutive.
  const std::int32_t* group_experts = nullptr;
  const std::int32_t* group_begins = nullptr;
};

// Keeps a quotient finite when every sigmoid of a token is tiny.
inline constexpr float min_sum = 1e-20F;

// The complement of its expert marks a choice that a full expert dropped.
SWITCHYARD_HD inline std::int32_t expert_of(std::int32_t choice) {
  return choice < 0 ? ~choice : choice;
}

// The value by which experts with a capacity order tokens: NaN comes last.
SWITCHYARD_HD inline float rank_value(float value) {
  return value == value ? value : -__builtin_inff();
}

// The k largest of value_at(0 .. count), best first; ties go to the lower index.
template <class ValueAt>
SWITCHYARD_HD inline void top_k_of(std::int64_t count, std::int64_t k, std::int32_t* chosen,
                                   const ValueAt& value_at) {
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (found == k && !(value_at(i) > value_at(chosen[k - 1]))) continue;
    std::int64_t at = found < k ? found++ : k - 1;
    for (; at > 0 && value_at(i) > value_at(chosen[at - 1]); --at) chosen[at] = chosen[at - 1];
    chosen[at] = static_cast<std::int32_t>(i);
  }
}

SWITCHYARD_HD inline void top_k_row(const float* values, std::int64_t count, std::int64_t k,
                                    std::int32_t* chosen) {
  top_k_of(count, k, chosen, [values](std::int64_t i) { return values[i]; });
}

// Consecutive groups are as even as they divide, the larger ones first.
SWITCHYARD_HD inline std::int64_t group_begin(std::int64_t group, std::int64_t experts,
                                              std::int64_t groups) {
  const std::int64_t larger = experts % groups;
  return group * (experts / groups) + (group < larger ? group : larger);
}

// A group's experts are expert_at(rule, i) for i in [begin, end).
SWITCHYARD_HD inline std::int64_t group_begin(std::int64_t group, std::int64_t experts,
                                              const GateRule& rule) {
  return rule.group_begins != nullptr ? rule.group_begins[group]
                                      : group_begin(group, experts, rule.groups);
}
SWITCHYARD_HD inline std::int64_t expert_at(const GateRule& rule, std::int64_t i) {
  return rule.group_experts != nullptr ? rule.group_experts[i] : i;
}

// Leaves `values` only in the groups_per_token groups whose `each` best scores have the largest
// sum; ties go to the lower group (DeepSeek-V3's node-limited routing). Elsewhere they become
// -infinity. scratch: [groups]; picked: [max(each, groups_per_token)]. values may be score.
SWITCHYARD_HD inline void limit_to_groups(const float* score, std::int64_t experts,
                                          const GateRule& rule, std::int64_t each, float* scratch,
                                          std::int32_t* picked, float* values) {
  for (std::int64_t group = 0; group < rule.groups; ++group) {
    const std::int64_t begin = group_begin(group, experts, rule);
    const auto score_at = [&](std::int64_t i) { return score[expert_at(rule, begin + i)]; };
    top_k_of(group_begin(group + 1, experts, rule) - begin, each, picked, score_at);
    float sum = 0.0F;
    for (std::int64_t i = 0; i < each; ++i) sum += score_at(picked[i]);
    scratch[group] = sum;
  }
  top_k_row(scratch, rule.groups, rule.groups_per_token, picked);
  for (std::int64_t group = 0; group < rule.groups; ++group) {
    bool allowed = false;
    for (std::int64_t i = 0; i < rule.groups_per_token; ++i) allowed |= picked[i] == group;
    const std::int64_t end = group_begin(group + 1, experts, rule);
    for (std::int64_t i = group_begin(group, experts, rule); i < end && !allowed; ++i) {
      values[expert_at(rule, i)] = -__builtin_inff();
    }
  }
}

// The weights of the chosen experts, before `scale`. probability: softmax of the logits, read by
// softmax_topk alone.
SWITCHYARD_HD inline void weigh_row(Weighing weighing, const float* logits,
                                    const float* probability, const std::int32_t* chosen,
                                    std::int64_t k, float* weight) {
  float largest = logits[expert_of(chosen[0])];
  for (std::int64_t c = 1; c < k; ++c) {
    const float logit = logits[expert_of(chosen[c])];
    largest = logit > largest ? logit : largest;
  }
  float sum = 0.0F;
  for (std::int64_t c = 0; c < k; ++c) {
    const std::int32_t e = expert_of(chosen[c]);
    if (weighing == Weighing::softmax_topk) {
      weight[c] = probability[e];
    } else if (weighing == Weighing::topk_softmax) {
      weight[c] = exp_f32(logits[e] - largest);
    } else {
      weight[c] = sigmoid_f32(logits[e]);
    }
    sum += weight[c];
  }
  if (weighing == Weighing::softmax_topk || weighing == Weighing::sigmoid) return;
  if (weighing == Weighing::sigmoid_normalized) sum += min_sum;
  for (std::int64_t c = 0; c < k; ++c) weight[c] /= sum;
}

// Adds to `d`, the gradient by the probabilities (softmax_topk), by the logits (topk_softmax) or by
// the sigmoids, the gradient through the chosen weights. weight: as weigh_row gave it; d_weight: by
// the weight times `scale`.
SWITCHYARD_HD inline void weigh_row_backward(const GateRule& rule, const float* logits,
                                             const std::int32_t* chosen, std::int64_t k,
                                             const float* weight, const float* d_weight, float* d) {
  float dot = 0.0F, sum = min_sum;
  for (std::int64_t c = 0; c < k; ++c) dot += rule.scale * d_weight[c] * weight[c];
  if (rule.weighing == Weighing::sigmoid_normalized) {
    for (std::int64_t c = 0; c < k; ++c) sum += sigmoid_f32(logits[expert_of(chosen[c])]);
  }
  for (std::int64_t c = 0; c < k; ++c) {
    const float up = rule.scale * d_weight[c];
    float& out = d[expert_of(chosen[c])];
    if (rule.weighing == Weighing::topk_softmax) {
      out += weight[c] * (up - dot);
    } else if (rule.weighing == Weighing::sigmoid_normalized) {
      out += (up - dot) / sum;
    } else {
      out += up;
    }
  }
}

// ln(1 + e^x).
SWITCHYARD_HD inline float softplus_f32(float x) {
  const float magnitude = x < 0.0F ? -x : x;
  return (x > 0.0F ? x : 0.0F) + log_f32(1.0F + exp_f32(-magnitude));
}

}  // namespace switchyard
