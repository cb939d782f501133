#include "router/gate/gate_ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "runtime/random.h"
#include "tests/router/gate/gate_reference.h"

namespace switchyard {
namespace gate_ops_test {

struct Chosen {
  std::int64_t tokens, experts, k;
  std::vector<float> logits, probability, log_sum, weight;
  std::vector<std::int32_t> expert;

  Chosen(std::vector<float> values, std::int64_t num_experts, std::int64_t top_k,
         const GateRule& rule, int threads = 1, std::vector<float> bias = {})
      : tokens(std::ssize(values) / num_experts),
        experts(num_experts),
        k(top_k),
        logits(std::move(values)) {
    probability.resize(logits.size());
    log_sum.resize(static_cast<std::size_t>(tokens));
    weight.resize(static_cast<std::size_t>(tokens * k));
    expert.resize(weight.size());
    Stream stream = Stream::cpu(threads);
    GateOps& ops = GateOps::on(Device::cpu());
    const Tensor z = tensor_of(logits.data(), {tokens, experts}),
                 p = tensor_of(probability.data(), {tokens, experts}),
                 e = tensor_of(expert.data(), {tokens, k});
    ops.score(rule.weighing, z, p, tensor_of(log_sum.data(), {tokens}), stream);
    ops.pick(rule, z, p, bias.empty() ? Tensor{} : tensor_of(bias.data(), {experts}), e, stream);
    ops.weigh(rule, z, p, e, tensor_of(weight.data(), {tokens, k}), stream);
  }
};

constexpr GateRule softmax_topk{}, topk_softmax{.weighing = Weighing::topk_softmax},
    sigmoid{.weighing = Weighing::sigmoid_normalized};

std::vector<float> random_logits(std::int64_t count) {
  const Random random(5, Purpose::init);
  std::vector<float> logits(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] = static_cast<float>(2.0 * random.normal(i));
  return logits;
}

using Experts = std::vector<std::int32_t>;

TEST(GateOps, TiesGoToTheLowerIndex) {
  EXPECT_EQ(Chosen({1, 3, 3, 0, 3}, 5, 3, softmax_topk).expert, (Experts{1, 2, 4}));
}

TEST(GateOps, DuplicatedRouterRowsAreChosenInOrder) {
  const Chosen chosen({0.5F, 0.5F, 0.5F, 0.5F}, 4, 4, topk_softmax);
  EXPECT_EQ(chosen.expert, (Experts{0, 1, 2, 3}));
  for (const float w : chosen.weight) EXPECT_EQ(w, 0.25F);
}

TEST(GateOps, ARowThatIsNotFiniteGoesSomewhereWithWeightsThatAreNot) {
  for (const GateRule& rule : {softmax_topk, sigmoid}) {
    const Chosen chosen({0.0F, NAN, 1.0F, 0.0F, 2.0F, 1.0F, 5.0F, INFINITY, 1.0F}, 3, 1, rule);
    EXPECT_EQ(chosen.expert, (Experts{0, 1, 0}));
    EXPECT_TRUE(std::isnan(chosen.weight[0]) && std::isnan(chosen.weight[2]));
    EXPECT_TRUE(std::isfinite(chosen.weight[1]));
  }
}

TEST(GateOps, SoftmaxThenTopKKeepsTheProbabilities) {
  const Chosen chosen(random_logits(12 * 8), 8, 3, softmax_topk);
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

TEST(GateOps, NormalizedWeightsSumToTheScale) {
  for (GateRule rule : {topk_softmax, sigmoid}) {
    rule.scale = 2.5F;
    const Chosen chosen(random_logits(12 * 8), 8, 3, rule);
    for (std::size_t t = 0; t < 12; ++t) {
      EXPECT_NEAR(chosen.weight[3 * t] + chosen.weight[3 * t + 1] + chosen.weight[3 * t + 2], 2.5F,
                  1e-5);
    }
  }
}

// DeepSeek-V3: the bias decides who is chosen, and the weights do not see it.
TEST(GateOps, BiasChoosesButDoesNotWeigh) {
  const Chosen chosen({0, 1, 2, 3}, 4, 2, sigmoid, 1, {1, 0, 0, 0});
  EXPECT_EQ(chosen.expert, (Experts{0, 3}));
  const double s0 = 0.5, s3 = 1.0 / (1.0 + std::exp(-3.0));
  EXPECT_NEAR(static_cast<double>(chosen.weight[0]), s0 / (s0 + s3), 1e-6);
  EXPECT_NEAR(static_cast<double>(chosen.weight[1]), s3 / (s0 + s3), 1e-6);
}

TEST(GateOps, SigmoidWithoutNormalizingKeepsTheSigmoids) {
  const Chosen chosen({0, -1, 3}, 3, 2, {.weighing = Weighing::sigmoid});
  EXPECT_EQ(chosen.expert, (Experts{2, 0}));
  EXPECT_EQ(chosen.weight[1], 0.5F);
}

// Groups {0, 1}, {2, 3}, {4, 5}, each judged by its best: 5 and 4 beat the runner-up 3 of the
// first.
TEST(GateOps, GroupsLimitTheChoice) {
  const GateRule rule{.groups = 3, .groups_per_token = 2};
  EXPECT_EQ(Chosen({5, 3, 0, 4, 1, 2}, 6, 2, rule).expert, (Experts{0, 3}));
  // Two of each group: the sums of the best two are 8, 4, 3.
  EXPECT_EQ(Chosen({5, 3, 0, 4, 1, 2}, 6, 4, rule).expert, (Experts{0, 3, 1, 2}));
}

// Groups {0, 3, 5} and {1, 2, 4}, judged by the probabilities of as many as are chosen.
TEST(GateOps, GroupsNeedNotBeNeighbours) {
  const std::vector<std::int32_t> members = {0, 3, 5, 1, 2, 4}, begins = {0, 3, 6};
  const GateRule rule{.groups = 2, .group_experts = members.data(), .group_begins = begins.data()};
  EXPECT_EQ(Chosen({4, 3, 1, 2, 5, 0}, 6, 1, rule).expert, (Experts{4}));
  EXPECT_EQ(Chosen({4, 3, 1, 2, 5, 0}, 6, 2, rule).expert, (Experts{4, 1}));
  EXPECT_EQ(Chosen({5, 1, 0, 4, 4.5F, 0}, 6, 2, rule).expert, (Experts{0, 3}));
}

TEST(GateOps, GroupsThatTieGoToTheLower) {
  const GateRule rule{.groups = 2, .groups_per_token = 1};
  EXPECT_EQ(Chosen({1, 2, 2, 1}, 4, 1, rule).expert, (Experts{1}));
}

// Five experts in two groups: {0, 1, 2} and {3, 4}.
TEST(GateOps, UnevenGroupsAreLargerFirst) {
  const GateRule rule{.weighing = Weighing::sigmoid, .groups = 2, .groups_per_token = 1};
  EXPECT_EQ(Chosen({0, 0, 2, 1, 1}, 5, 2, rule).expert, (Experts{3, 4}));
}

TEST(GateOps, ThreadsDoNotChangeABit) {
  for (const GateRule& rule :
       {softmax_topk,
        GateRule{.weighing = Weighing::sigmoid_normalized, .groups = 8, .groups_per_token = 4}}) {
    const Chosen one(random_logits(300 * 64), 64, 8, rule, 1);
    const Chosen two(random_logits(300 * 64), 64, 8, rule, 2);
    EXPECT_EQ(one.expert, two.expert);
    EXPECT_EQ(std::memcmp(one.weight.data(), two.weight.data(), one.weight.size() * 4), 0);
    EXPECT_EQ(std::memcmp(one.log_sum.data(), two.log_sum.data(), one.log_sum.size() * 4), 0);
  }
}

TEST(GateOps, GradientMatchesFiniteDifferences) {
  for (const Weighing weighing : {Weighing::softmax_topk, Weighing::topk_softmax, Weighing::sigmoid,
                                  Weighing::sigmoid_normalized}) {
    for (const std::int64_t runs : {1, 3}) {
      const GateRule rule{.weighing = weighing, .scale = 1.5F};
      Chosen chosen(random_logits(6 * 8), 8, 2, rule);
      chosen.expert[3] = ~chosen.expert[3];  // dropped: it still shares in the others' weights
      GateReference reference{
          rule, 8, 2, runs, chosen.expert, random_logits(12), random_logits(runs * 8), 0.3};
      reference.d_weight[3] = 0.0F;
      std::vector<float> d_logits(48);
      Stream stream = Stream::cpu(1);
      Routing routing;
      routing.logits = tensor_of(chosen.logits.data(), {6, 8});
      routing.probability = tensor_of(chosen.probability.data(), {6, 8});
      routing.log_sum = tensor_of(chosen.log_sum.data(), {6});
      routing.expert = tensor_of(chosen.expert.data(), {6, 2});
      const GateSlopes slopes{tensor_of(reference.d_weight.data(), {6, 2}),
                              tensor_of(reference.slope.data(), {runs, 8}), 0.3F};
      GateOps::on(Device::cpu())
          .choose_backward(rule, routing, slopes, tensor_of(d_logits.data(), {6, 8}), stream);
      std::vector<double> z(chosen.logits.begin(), chosen.logits.end());
      for (std::size_t i = 0; i < z.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(d_logits[i]),
                    derivative(z, i, [&] { return reference.loss(z); }), 3e-6)
            << "logit " << i << ", weighing " << static_cast<int>(weighing) << ", runs " << runs;
      }
    }
  }
}

TEST(GateOps, ProbabilitiesAreSummedByRun) {
  const Chosen chosen(random_logits(150 * 4), 4, 1, sigmoid);
  std::vector<double> sums(2 * 5);
  Stream stream = Stream::cpu(1);
  GateOps::on(Device::cpu())
      .sum_probabilities(tensor_of(chosen.probability.data(), {150, 4}),
                         tensor_of(chosen.log_sum.data(), {150}), tensor_of(sums.data(), {2, 5}),
                         stream);
  for (std::size_t run = 0; run < 2; ++run) {
    double sum[5] = {};
    for (std::size_t t = run * 75; t < (run + 1) * 75; ++t) {
      for (std::size_t e = 0; e < 4; ++e)
        sum[e] += static_cast<double>(chosen.probability[t * 4 + e]);
      sum[4] += static_cast<double>(chosen.log_sum[t]) * static_cast<double>(chosen.log_sum[t]);
    }
    for (std::size_t e = 0; e < 5; ++e) EXPECT_NEAR(sums[run * 5 + e], sum[e], 1e-9);
  }
}

TEST(GateOps, ChoicesAreCountedByRunWithAndWithoutTheDropped) {
  const std::vector<std::int32_t> expert = {2, 0, ~0, 1, 2, ~1, 2, 0};
  std::vector<std::int64_t> counts(2 * 2 * 3, -1);
  Stream stream = Stream::cpu(1);
  GateOps::on(Device::cpu())
      .count_choices(tensor_of(expert.data(), {4, 2}), tensor_of(counts.data(), {2, 2, 3}), stream);
  EXPECT_EQ(counts, (std::vector<std::int64_t>{1, 1, 1, 2, 1, 1, 1, 0, 2, 1, 1, 2}));
}

}  // namespace gate_ops_test
}  // namespace switchyard
