// Quantile balancing finds the biases at which experts share the tokens of a step evenly.
#include "router/gate/quantile_balance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "router/gate/balance.h"
#include "router/gate/gate_ops.h"
#include "runtime/random.h"

namespace switchyard {
namespace quantile_balance_test {

constexpr std::int64_t tokens = 4096, experts = 12, k = 3;

// A router that prefers the first experts by far.
std::vector<float> skewed_logits() {
  const Random random(3, Purpose::init);
  std::vector<float> logits(static_cast<std::size_t>(tokens * experts));
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] =
        static_cast<float>(random.normal(i) - 0.3 * static_cast<double>(i % std::size_t{experts}));
  return logits;
}

std::vector<std::int32_t> counted(std::vector<float>& logits, std::vector<float>& bias,
                                  int threads = 1) {
  std::vector<std::int32_t> counts(static_cast<std::size_t>(experts * BiasBins::count), 7);
  Stream stream = Stream::cpu(threads);
  GateOps::on(Device::cpu())
      .count_required_biases(tensor_of(logits.data(), {std::ssize(logits) / experts, experts}),
                             tensor_of(bias.data(), {experts}), k, BiasBins::around(bias),
                             tensor_of(counts.data(), {experts, BiasBins::count}), stream);
  return counts;
}

double max_over_mean(std::vector<float>& logits, std::vector<float>& bias) {
  std::vector<std::int32_t> chosen(static_cast<std::size_t>(tokens * k));
  Stream stream = Stream::cpu(1);
  GateOps::on(Device::cpu())
      .pick({.weighing = Weighing::sigmoid}, tensor_of(logits.data(), {tokens, experts}), {},
            tensor_of(bias.data(), {experts}), tensor_of(chosen.data(), {tokens, k}), stream);
  std::vector<double> loads(static_cast<std::size_t>(experts), 0.0);
  for (const std::int32_t e : chosen) loads[static_cast<std::size_t>(e)] += 1.0;
  return *std::max_element(loads.begin(), loads.end()) * experts / (tokens * k);
}

// What each expert would need for each token, by sorting: [experts][tokens], ascending.
std::vector<std::vector<double>> required(const std::vector<float>& logits,
                                          const std::vector<float>& bias) {
  std::vector<std::vector<double>> need(static_cast<std::size_t>(experts));
  for (std::size_t t = 0; t < logits.size() / experts; ++t) {
    std::vector<double> score, biased;
    for (std::size_t e = 0; e < std::size_t{experts}; ++e) {
      score.push_back(1.0 / (1.0 + std::exp(-double{logits[t * experts + e]})));
      biased.push_back(score[e] + bias[e]);
    }
    std::sort(biased.rbegin(), biased.rend());
    for (std::size_t e = 0; e < std::size_t{experts}; ++e) need[e].push_back(biased[k] - score[e]);
  }
  for (std::vector<double>& of : need) std::sort(of.begin(), of.end());
  return need;
}

std::vector<std::int64_t> summed(const std::vector<std::int32_t>& counts) {
  return {counts.begin(), counts.end()};
}

TEST(QuantileBalance, SolvesForTheQuantilesThatSortingFinds) {
  std::vector<float> logits = skewed_logits(), bias(experts);
  for (std::size_t e = 0; e < bias.size(); ++e) bias[e] = 0.02F * static_cast<float>(e);
  const auto need = required(logits, bias);
  const double bin = 1.0 / double{BiasBins::around(bias).per_unit};
  std::vector<float> moved = bias;
  approach_quantiles(summed(counted(logits, bias)), k, 1.0F, moved);
  std::vector<double> solved;
  double mean = 0.0;
  for (const std::vector<double>& of : need) {
    solved.push_back(of[static_cast<std::size_t>(tokens * k / experts) - 1]);
    mean += solved.back() / experts;
  }
  for (std::size_t e = 0; e < bias.size(); ++e) EXPECT_NEAR(moved[e], solved[e] - mean, 2 * bin);
  std::vector<float> half = bias;
  approach_quantiles(summed(counted(logits, bias)), k, 0.5F, half);
  for (std::size_t e = 0; e < bias.size(); ++e)
    EXPECT_NEAR(half[e], 0.5 * (double{bias[e]} + double{moved[e]}), 1e-6);
}

TEST(QuantileBalance, BalancesABatchWithinFewSteps) {
  std::vector<float> logits = skewed_logits(), bias(experts, 0.0F);
  EXPECT_GT(max_over_mean(logits, bias), 2.0);
  for (int step = 0; step < 4; ++step)
    approach_quantiles(summed(counted(logits, bias)), k, 1.0F, bias);
  EXPECT_LT(max_over_mean(logits, bias), 1.03);
  EXPECT_NEAR(std::accumulate(bias.begin(), bias.end(), 0.0), 0.0, 1e-5);
}

TEST(QuantileBalance, CountsAddUpAndLeaveOutBrokenRows) {
  std::vector<float> logits = skewed_logits(), bias(experts, 0.1F);
  std::vector<float> first(logits.begin(), logits.begin() + 1000 * experts),
      rest(logits.begin() + 1000 * experts, logits.end());
  const std::vector<std::int32_t> all = counted(logits, bias, 3), one = counted(first, bias),
                                  other = counted(rest, bias);
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], one[i] + other[i]) << i;
  std::vector<float> broken = first;
  std::fill_n(broken.begin() + 5 * experts, experts, std::numeric_limits<float>::quiet_NaN());
  const std::vector<std::int32_t> without = counted(broken, bias);
  EXPECT_EQ(std::accumulate(without.begin(), without.end(), 0), 999 * experts);
}

TEST(QuantileBalance, WithoutATokenBiasesRest) {
  std::vector<float> bias = {0.5F, -0.25F};
  const std::vector<std::int64_t> none(2 * static_cast<std::size_t>(BiasBins::count), 0);
  approach_quantiles(none, 1, 1.0F, bias);
  EXPECT_EQ(bias, (std::vector<float>{0.5F, -0.25F}));
}

// Mean 4: expert 0 has 6 too many, expert 1 has 2 too few, expert 2 the mean, expert 3 none.
TEST(UpdateBias, FollowsTheCountsByEachRule) {
  const std::vector<std::int64_t> counts = {10, 2, 4, 0};
  const auto moved = [&](BiasUpdate update) {
    std::vector<float> bias = {1.0F, 0.0F, 0.0F, 0.0F};
    update_bias(update, counts, 0.25F, bias);
    return bias;
  };
  EXPECT_EQ(moved(BiasUpdate::sign), (std::vector<float>{0.75F, 0.25F, 0.0F, 0.25F}));
  EXPECT_EQ(moved(BiasUpdate::centered_sign),
            (std::vector<float>{0.6875F, 0.1875F, -0.0625F, 0.1875F}));
  EXPECT_EQ(moved(BiasUpdate::proportional), (std::vector<float>{0.625F, 0.125F, 0.0F, 0.25F}));
}

}  // namespace quantile_balance_test
}  // namespace switchyard
