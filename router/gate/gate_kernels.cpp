// The scores, choices and weights of a gate, and their gradients, on a CPU, one row at a time.
#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "router/gate/cpu_gate_ops.h"
#include "router/gate/cuda_gate_ops.h"
#include "router/token_chunks.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

SWITCHYARD_MULTIVERSION
float softmax_row(const float* logits, std::int64_t count, float* probability) {
  float largest = logits[0];
  for (std::int64_t i = 1; i < count; ++i) largest = logits[i] > largest ? logits[i] : largest;
  for (std::int64_t i = 0; i < count; ++i) probability[i] = exp_f32(logits[i] - largest);
  const float sum = sum16<float>(count, [&](std::int64_t i) { return probability[i]; });
  for (std::int64_t i = 0; i < count; ++i) probability[i] /= sum;
  return largest + log_f32(sum);
}

// Returns the sum of the sigmoids.
SWITCHYARD_MULTIVERSION
float sigmoid_row(const float* logits, std::int64_t count, float* sigmoid) {
  for (std::int64_t i = 0; i < count; ++i) sigmoid[i] = sigmoid_f32(logits[i]);
  return sum16<float>(count, [&](std::int64_t i) { return sigmoid[i]; }) + min_sum;
}

// d_logits = p * (d_p - sum(d_p * p)) + z * p, where d_p comes in as d_logits.
SWITCHYARD_MULTIVERSION
void softmax_row_backward(const float* p, std::int64_t count, float z, float* d_logits) {
  const float dot = sum16<float>(count, [&](std::int64_t i) { return d_logits[i] * p[i]; });
  for (std::int64_t i = 0; i < count; ++i) d_logits[i] = p[i] * (d_logits[i] - dot + z);
}

// d = (d - sum(d * p)) / sum: from the gradient by p = sigmoid / sum to that by the sigmoids.
SWITCHYARD_MULTIVERSION
void share_row_backward(const float* p, std::int64_t count, float sum, float* d) {
  const float dot = sum16<float>(count, [&](std::int64_t i) { return d[i] * p[i]; });
  for (std::int64_t i = 0; i < count; ++i) d[i] = (d[i] - dot) / sum;
}

// d_logits = d_s * s * (1 - s) + z * softmax, where d_s comes in as d_logits.
SWITCHYARD_MULTIVERSION
void sigmoid_row_backward(const float* logits, const float* s, std::int64_t count, float z,
                          float log_sum, float* d_logits) {
  for (std::int64_t i = 0; i < count; ++i) {
    d_logits[i] = d_logits[i] * s[i] * (1.0F - s[i]) + z * exp_f32(logits[i] - log_sum);
  }
}

// One row of choose_backward, and the memory that rows share.
struct RowBackward {
  const GateRule& rule;
  std::int64_t experts, k;
  std::vector<float> sigmoid{}, weight{};

  // d comes in as the balance loss's slopes.
  void run(const float* logits, const float* p, float log_sum, const std::int32_t* chosen,
           const float* d_weight, float z, float* d) {
    sigmoid.resize(static_cast<std::size_t>(experts));
    weight.resize(static_cast<std::size_t>(k));
    weigh_row(rule.weighing, logits, p, chosen, k, weight.data());
    const auto add_weights = [&] {
      weigh_row_backward(rule, logits, chosen, k, weight.data(), d_weight, d);
    };
    if (is_sigmoid(rule.weighing)) {
      const float sum = sigmoid_row(logits, experts, sigmoid.data());
      share_row_backward(p, experts, sum, d);
      add_weights();
      sigmoid_row_backward(logits, sigmoid.data(), experts, z, log_sum, d);
      return;
    }
    if (rule.weighing == Weighing::softmax_topk) add_weights();
    softmax_row_backward(p, experts, z, d);
    if (rule.weighing == Weighing::topk_softmax) add_weights();
  }
};

// The values by which the k best are picked, one row at a time.
class PickRow {
 public:
  PickRow(const GateRule& rule, std::int64_t experts, std::int64_t k)
      : rule_(rule),
        experts_(experts),
        each_(k / rule.groups_per_token),
        values_(static_cast<std::size_t>(experts)),
        sums_(static_cast<std::size_t>(rule.groups)),
        picked_(static_cast<std::size_t>(std::max(each_, rule.groups_per_token))) {}

  const float* values(const float* logits, const float* probability, const float* bias) {
    if (!is_sigmoid(rule_.weighing) && rule_.groups == 1) return logits;
    if (is_sigmoid(rule_.weighing)) {
      sigmoid_row(logits, experts_, values_.data());
      for (std::int64_t e = 0; e < experts_ && bias != nullptr; ++e) {
        values_[static_cast<std::size_t>(e)] += bias[e];
      }
    } else {
      std::copy_n(logits, experts_, values_.data());
    }
    if (rule_.groups > 1) {
      limit_to_groups(is_sigmoid(rule_.weighing) ? values_.data() : probability, experts_, rule_,
                      each_, sums_.data(), picked_.data(), values_.data());
    }
    return values_.data();
  }

 private:
  const GateRule& rule_;
  std::int64_t experts_, each_;
  std::vector<float> values_, sums_;
  std::vector<std::int32_t> picked_;
};

}  // namespace

void CpuGateOps::score(Weighing weighing, Tensor logits, Tensor probability, Tensor log_sum,
                       Stream& stream) {
  const std::int64_t experts = logits.cols();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for_chunks(log_sum.size(), stream, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      float* row = logits.as<float>() + t * experts;
      float* p = probability.as<float>() + t * experts;
      log_sum.as<float>()[t] = softmax_row(row, experts, p);
      if (p[0] != p[0]) {  // by a single NaN or infinity
        std::fill_n(row, experts, nan);
        log_sum.as<float>()[t] = nan;
        continue;
      }
      if (!is_sigmoid(weighing)) continue;
      const float sum = sigmoid_row(row, experts, p);
      for (std::int64_t e = 0; e < experts; ++e) p[e] /= sum;
    }
  });
}

void CpuGateOps::pick(const GateRule& rule, Tensor logits, Tensor probability, Tensor bias,
                      Tensor expert, Stream& stream) {
  const std::int64_t tokens = logits.rows(), experts = logits.cols(), k = expert.cols();
  const float* add = bias.empty() ? nullptr : bias.as<float>();
  for_chunks(tokens, stream, [&](std::int64_t first, std::int64_t last) {
    PickRow row(rule, experts, k);
    for (std::int64_t t = first; t < last; ++t) {
      const float* mine = logits.as<float>() + t * experts;
      std::int32_t* chosen = expert.as<std::int32_t>() + t * k;
      if (mine[0] != mine[0]) {
        std::iota(chosen, chosen + k, 0);
      } else {
        top_k_row(row.values(mine, probability.as<float>() + t * experts, add), experts, k, chosen);
      }
    }
  });
}

void CpuGateOps::weigh(const GateRule& rule, Tensor logits, Tensor probability, Tensor expert,
                       Tensor weight, Stream& stream) {
  const std::int64_t tokens = logits.rows(), experts = logits.cols(), k = expert.cols();
  for_chunks(tokens, stream, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      float* w = weight.as<float>() + t * k;
      weigh_row(rule.weighing, logits.as<float>() + t * experts,
                probability.as<float>() + t * experts, expert.as<std::int32_t>() + t * k, k, w);
      for (std::int64_t c = 0; c < k; ++c) w[c] *= rule.scale;
    }
  });
}

void CpuGateOps::choose_backward(const GateRule& rule, const Routing& routing,
                                 const GateSlopes& slopes, Tensor d_logits, Stream& stream) {
  const Tensor logits = routing.logits, probability = routing.probability,
               log_sum = routing.log_sum, expert = routing.expert, d_weight = slopes.d_weight,
               balance_slope = slopes.balance_slope;
  const std::int64_t tokens = log_sum.size(), experts = logits.cols(), k = expert.cols();
  const std::int64_t run = tokens / std::max<std::int64_t>(1, balance_slope.rows());
  for_chunks(tokens, stream, [&](std::int64_t first, std::int64_t last) {
    RowBackward row{rule, experts, k};
    for (std::int64_t t = first; t < last; ++t) {
      float* d = d_logits.as<float>() + t * experts;
      std::copy_n(balance_slope.as<float>() + t / run * experts, experts, d);
      const float log_sum_t = log_sum.as<float>()[t];
      row.run(logits.as<float>() + t * experts, probability.as<float>() + t * experts, log_sum_t,
              expert.as<std::int32_t>() + t * k, d_weight.as<float>() + t * k,
              slopes.z_slope * log_sum_t, d);
    }
  });
}

GateOps& GateOps::on(Device device) {
  static CpuGateOps cpu;
  return device.kind == Device::Kind::cpu ? cpu : cuda_gate_ops();
}

}  // namespace switchyard
