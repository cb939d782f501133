#include "router/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "runtime/random.h"

namespace switchyard {
namespace ops_test {

struct Chosen {
  std::int64_t tokens, experts, k;
  std::vector<float> logits, probability, log_sum, weight;
  std::vector<std::int32_t> expert;

  Chosen(std::vector<float> values, std::int64_t num_experts, std::int64_t top_k, GateOrder order,
         int threads = 1)
      : tokens(std::ssize(values) / num_experts),
        experts(num_experts),
        k(top_k),
        logits(std::move(values)) {
    probability.resize(logits.size());
    log_sum.resize(static_cast<std::size_t>(tokens));
    weight.resize(static_cast<std::size_t>(tokens * k));
    expert.resize(weight.size());
    Stream stream = Stream::cpu(threads);
    RouterOps::on(Device::cpu())
        .choose(tensor_of(logits.data(), {tokens, experts}), order,
                tensor_of(probability.data(), {tokens, experts}),
                tensor_of(log_sum.data(), {tokens}), tensor_of(expert.data(), {tokens, k}),
                tensor_of(weight.data(), {tokens, k}), stream);
  }
};

std::vector<float> random_logits(std::int64_t count) {
  const Random random(5, Purpose::init);
  std::vector<float> logits(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] = static_cast<float>(2.0 * random.normal(i));
  return logits;
}

TEST(RouterOps, TiesGoToTheLowerIndex) {
  const Chosen chosen({1, 3, 3, 0, 3}, 5, 3, GateOrder::softmax_topk);
  EXPECT_EQ(chosen.expert, (std::vector<std::int32_t>{1, 2, 4}));
}

TEST(RouterOps, DuplicatedRouterRowsAreChosenInOrder) {
  const Chosen chosen({0.5F, 0.5F, 0.5F, 0.5F}, 4, 4, GateOrder::topk_softmax);
  EXPECT_EQ(chosen.expert, (std::vector<std::int32_t>{0, 1, 2, 3}));
  for (const float w : chosen.weight) EXPECT_EQ(w, 0.25F);
}

TEST(RouterOps, NotANumberIsAnError) {
  EXPECT_THROW(Chosen({0.0F, NAN, 1.0F}, 3, 1, GateOrder::softmax_topk), Error);
}

TEST(RouterOps, SoftmaxThenTopKKeepsTheProbabilities) {
  const Chosen chosen(random_logits(12 * 8), 8, 3, GateOrder::softmax_topk);
  for (std::int64_t t = 0; t < chosen.tokens; ++t) {
    double sum = 0.0;
    for (int e = 0; e < 8; ++e)
      sum += std::exp(static_cast<double>(chosen.logits[static_cast<std::size_t>(t * 8 + e)]));
    for (int c = 0; c < 3; ++c) {
      const auto pair = static_cast<std::size_t>(t * 3 + c);
      const double z = chosen.logits[static_cast<std::size_t>(t * 8 + chosen.expert[pair])];
      EXPECT_NEAR(static_cast<double>(chosen.weight[pair]), std::exp(z) / sum, 1e-6);
    }
    EXPECT_NEAR(static_cast<double>(chosen.log_sum[static_cast<std::size_t>(t)]), std::log(sum),
                1e-6);
  }
}

TEST(RouterOps, TopKThenSoftmaxSumsToOne) {
  const Chosen chosen(random_logits(12 * 8), 8, 3, GateOrder::topk_softmax);
  for (std::size_t t = 0; t < 12; ++t) {
    EXPECT_NEAR(chosen.weight[3 * t] + chosen.weight[3 * t + 1] + chosen.weight[3 * t + 2], 1.0F,
                1e-6);
  }
}

TEST(RouterOps, ThreadsDoNotChangeABit) {
  const Chosen one(random_logits(300 * 64), 64, 8, GateOrder::softmax_topk, 1);
  const Chosen two(random_logits(300 * 64), 64, 8, GateOrder::softmax_topk, 2);
  EXPECT_EQ(one.expert, two.expert);
  EXPECT_EQ(std::memcmp(one.weight.data(), two.weight.data(), one.weight.size() * 4), 0);
  EXPECT_EQ(std::memcmp(one.log_sum.data(), two.log_sum.data(), one.log_sum.size() * 4), 0);
}

// The objective whose gradient choose_backward returns, in double: sum of weight * d_weight over
// the choices made, plus slope . P, plus z_slope / 2 * log_sum^2.
double objective(const std::vector<double>& z, const Chosen& chosen, GateOrder order,
                 const std::vector<float>& d_weight, const std::vector<float>& slope,
                 double z_slope) {
  double total = 0.0;
  const std::int64_t E = chosen.experts, k = chosen.k;
  for (std::int64_t t = 0; t < chosen.tokens; ++t) {
    const double* row = z.data() + t * E;
    double sum = 0.0, sum_chosen = 0.0;
    for (std::int64_t e = 0; e < E; ++e) sum += std::exp(row[e]);
    for (std::int64_t c = 0; c < k; ++c)
      sum_chosen += std::exp(row[chosen.expert[static_cast<std::size_t>(t * k + c)]]);
    for (std::int64_t c = 0; c < k; ++c) {
      const auto pair = static_cast<std::size_t>(t * k + c);
      const double weight = std::exp(row[chosen.expert[pair]]) /
                            (order == GateOrder::softmax_topk ? sum : sum_chosen);
      total += weight * static_cast<double>(d_weight[pair]);
    }
    for (std::int64_t e = 0; e < E; ++e)
      total += static_cast<double>(slope[static_cast<std::size_t>(e)]) * std::exp(row[e]) / sum;
    total += 0.5 * z_slope * std::log(sum) * std::log(sum);
  }
  return total;
}

TEST(RouterOps, GradientMatchesFiniteDifferences) {
  for (const GateOrder order : {GateOrder::softmax_topk, GateOrder::topk_softmax}) {
    Chosen chosen(random_logits(6 * 8), 8, 2, order);
    std::vector<float> d_weight = random_logits(12), slope = random_logits(8), d_logits(48);
    const float z_slope = 0.3F;
    Stream stream = Stream::cpu(1);
    RouterOps::on(Device::cpu())
        .choose_backward(
            tensor_of(chosen.probability.data(), {6, 8}), tensor_of(chosen.log_sum.data(), {6}),
            tensor_of(chosen.expert.data(), {6, 2}), tensor_of(chosen.weight.data(), {6, 2}), order,
            tensor_of(d_weight.data(), {6, 2}), slope, z_slope, tensor_of(d_logits.data(), {6, 8}),
            stream);
    std::vector<double> z(chosen.logits.begin(), chosen.logits.end());
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double kept = z[i], h = 1e-5;
      z[i] = kept + h;
      const double up = objective(z, chosen, order, d_weight, slope, z_slope);
      z[i] = kept - h;
      const double down = objective(z, chosen, order, d_weight, slope, z_slope);
      z[i] = kept;
      EXPECT_NEAR(static_cast<double>(d_logits[i]), (up - down) / (2 * h), 2e-6) << "logit " << i;
    }
  }
}

TEST(RouterOps, DotChoicesIsTheGradientOfSumChoicesByWeight) {
  const std::int64_t hidden = 20;
  std::vector<float> slots = random_logits(6 * hidden), d_out = random_logits(3 * hidden),
                     d_weight(6);
  std::vector<std::int32_t> slot_of_choice = {3, 1, 0, 5, 4, 2};
  Stream stream = Stream::cpu(1);
  RouterOps::on(Device::cpu())
      .dot_choices(tensor_of(d_out.data(), {3, hidden}), tensor_of(slots.data(), {6, hidden}),
                   tensor_of(slot_of_choice.data(), {3, 2}), tensor_of(d_weight.data(), {3, 2}),
                   stream);
  for (std::size_t pair = 0; pair < 6; ++pair) {
    double dot = 0.0;
    for (std::int64_t i = 0; i < hidden; ++i) {
      dot +=
          static_cast<double>(d_out[pair / 2 * hidden + static_cast<std::size_t>(i)]) *
          static_cast<double>(slots[static_cast<std::size_t>(slot_of_choice[pair] * hidden + i)]);
    }
    EXPECT_NEAR(static_cast<double>(d_weight[pair]), dot, 1e-4);
  }
}

}  // namespace ops_test
}  // namespace switchyard
