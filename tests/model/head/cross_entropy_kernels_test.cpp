#include "tests/reference/cross_entropy.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "model/ops.h"
#include "tests/reference/gradient.h"
#include "tests/reference/ignore_index_golden.h"

namespace switchyard {
namespace cross_entropy_test {

using reference::tensor_of;

constexpr std::int64_t rows = 40;
constexpr std::int64_t vocabulary = 2053;  // more than one chunk, and a tail
constexpr float scale = 0.25F;

struct CrossEntropy {
  std::vector<float> logits = reference::normals(rows * vocabulary, 1, 3.0);
  std::vector<std::int32_t> target;
  std::vector<float> loss = std::vector<float>(rows, 9.0F);

  CrossEntropy() {
    for (std::int32_t r = 0; r < rows; ++r) target.push_back(r % 5 == 4 ? -1 : r * 51);
  }
  void run(int num_threads) {
    Stream stream = Stream::cpu(num_threads);
    ModelOps::on(Device::cpu())
        .cross_entropy(tensor_of(logits, {rows, vocabulary}), tensor_of(target), scale,
                       tensor_of(loss), stream);
  }
};

TEST(CrossEntropy, LossMatchesReference) {
  CrossEntropy x;
  const std::vector<double> logits = reference::widened(x.logits);
  x.run(2);
  reference::expect_close(x.loss, reference::cross_entropy(logits, x.target), 5e-7);
}

TEST(CrossEntropy, GradientMatchesFiniteDifferences) {
  CrossEntropy x;
  const std::vector<double> logits = reference::widened(x.logits);
  x.run(2);
  const auto loss = [&](const std::vector<double>& moved) {
    const std::vector<double> losses = reference::cross_entropy(moved, x.target);
    return reference::dot(losses, std::vector<double>(rows, scale));
  };
  for (std::int64_t r = 0; r < rows; ++r) {  // the one large element of each row
    if (x.target[r] < 0) continue;
    const std::size_t i = r * vocabulary + x.target[r];
    EXPECT_NEAR(x.logits[i], reference::finite_difference(loss, logits, i), 1e-6) << "row " << r;
  }
  reference::expect_gradient(x.logits, loss, logits, 100);
}

// A loss on answers alone is the mean over the targets that are not -1, with PyTorch's gradient.
TEST(CrossEntropy, LossOnAnswersIsPyTorchsIgnoreIndex) {
  namespace golden = reference::ignore_index;
  std::vector<float> logits = golden::logits, losses(golden::targets.size());
  std::vector<std::int32_t> target = golden::targets;
  const auto count = std::ssize(target) - std::count(target.begin(), target.end(), -1);
  const float of_each = 1.0F / static_cast<float>(count);
  Stream stream = Stream::cpu(1);
  ModelOps::on(Device::cpu())
      .cross_entropy(tensor_of(logits, {std::ssize(target), 5}), tensor_of(target), of_each,
                     tensor_of(losses), stream);
  double mean = 0.0;
  for (const float loss : losses) mean += static_cast<double>(loss) / static_cast<double>(count);
  EXPECT_NEAR(mean, golden::loss, 1e-6);
  reference::expect_close(logits, golden::gradient, 1e-7);
}

TEST(CrossEntropy, RowsWithoutTargetCarryNothing) {
  CrossEntropy x;
  x.run(1);
  EXPECT_EQ(x.loss[4], 0.0F);
  for (std::int64_t i = 0; i < vocabulary; ++i) ASSERT_EQ(x.logits[4 * vocabulary + i], 0.0F);
}

TEST(CrossEntropy, DoesNotDependOnThreads) {
  CrossEntropy one;
  one.run(1);
  CrossEntropy three;
  three.run(3);
  EXPECT_TRUE(reference::same_bits(one.logits, three.logits));
  EXPECT_TRUE(reference::same_bits(one.loss, three.loss));
}

TEST(CrossEntropy, LargeLogitsDoNotOverflow) {
  std::vector<float> logits = {1000.0F, 998.0F, -1000.0F};
  std::vector<std::int32_t> target = {1};
  std::vector<float> loss(1);
  Stream stream = Stream::cpu(1);
  ModelOps::on(Device::cpu())
      .cross_entropy(tensor_of(logits, {1, 3}), tensor_of(target), 1.0F, tensor_of(loss), stream);
  EXPECT_NEAR(loss[0], 2.126928F, 1e-5F);
}

TEST(CrossEntropy, NanInALogitReachesTheLoss) {
  std::vector<float> logits = {1.0F, std::numeric_limits<float>::quiet_NaN(), 0.0F};
  std::vector<std::int32_t> target = {0};
  std::vector<float> loss(1);
  Stream stream = Stream::cpu(1);
  ModelOps::on(Device::cpu())
      .cross_entropy(tensor_of(logits, {1, 3}), tensor_of(target), 1.0F, tensor_of(loss), stream);
  EXPECT_FALSE(loss[0] == loss[0]);
}

// What ModelOps::token_scores writes for `rows` rows.
struct Scores {
  std::vector<float> loss, probability, entropy, log_sum;
  std::vector<std::int32_t> best;

  Scores(const std::vector<float>& logits, const std::vector<std::int32_t>& target, int num_threads)
      : loss(target.size(), 9.0F),
        probability(loss),
        entropy(loss),
        log_sum(loss),
        best(target.size(), 9) {
    std::vector<float> in = logits;
    std::vector<std::int32_t> targets = target;
    const std::int64_t count = std::ssize(target);
    Stream stream = Stream::cpu(num_threads);
    ModelOps::on(Device::cpu())
        .token_scores(tensor_of(in, {count, std::ssize(logits) / count}), tensor_of(targets),
                      {tensor_of(loss), tensor_of(best), tensor_of(probability), tensor_of(entropy),
                       tensor_of(log_sum)},
                      stream);
    EXPECT_TRUE(reference::same_bits(in, logits));
  }
};

TEST(TokenScores, LossesHaveTheBitsOfCrossEntropy) {
  CrossEntropy x;
  const Scores scores(x.logits, x.target, 2);
  x.run(1);
  EXPECT_TRUE(reference::same_bits(scores.loss, x.loss));
}

TEST(TokenScores, TheOthersMatchTheDistributionInDouble) {
  const CrossEntropy x;
  const Scores scores(x.logits, x.target, 1);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::vector<double> row(x.logits.begin() + r * vocabulary,
                                  x.logits.begin() + (r + 1) * vocabulary);
    double sum = 0.0, entropy = 0.0;
    for (const double logit : row) sum += std::exp(logit);
    for (const double logit : row) {
      entropy -= std::exp(logit) / sum * (logit - std::log(sum));
    }
    const auto best = std::max_element(row.begin(), row.end());
    EXPECT_EQ(scores.best[r], best - row.begin());
    EXPECT_NEAR(scores.probability[r], std::exp(*best) / sum, 1e-6);
    EXPECT_NEAR(scores.entropy[r], entropy, 5e-6);
    EXPECT_NEAR(scores.log_sum[r], std::log(sum), 5e-6);
  }
}

TEST(TokenScores, DoNotDependOnThreads) {
  const CrossEntropy x;
  const Scores one(x.logits, x.target, 1), three(x.logits, x.target, 3);
  EXPECT_TRUE(reference::same_bits(one.loss, three.loss));
  EXPECT_TRUE(reference::same_bits(one.entropy, three.entropy));
  EXPECT_EQ(one.best, three.best);
}

TEST(TokenScores, OfEqualLogitsTheFirstIsBest) {
  const Scores scores({1.0F, 3.0F, 3.0F, 2.0F, 3.0F}, {2}, 1);
  EXPECT_EQ(scores.best[0], 1);
}

TEST(TokenScores, NanInALogitReachesTheLossAndHasNoBest) {
  const Scores scores({1.0F, std::numeric_limits<float>::quiet_NaN(), 0.0F}, {0}, 1);
  EXPECT_FALSE(scores.loss[0] == scores.loss[0]);
  EXPECT_EQ(scores.best[0], -1);
}

}  // namespace cross_entropy_test
}  // namespace switchyard
