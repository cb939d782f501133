#include "train/compress/expert_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <span>

#include "model/transformer/layer_walk.h"
#include "tests/rank_test.h"
#include "tests/reference/rms_norm.h"
#include "tests/reference/swiglu.h"
#include "tests/train/small_run.h"
#include "train/compress/expert_groups.h"

namespace switchyard {
namespace expert_scores_test {

using testing::ElementsAre;

constexpr int num_experts = 5;
constexpr std::int64_t moe_layer = 1;

class Walked {
 public:
  // alone: this rank sees every batch; otherwise the ranks share batches and experts.
  explicit Walked(bool alone)
      : run_(SmallConfig{},
             test_world().split(alone ? test_world().rank() : 0, test_world().rank()),
             alone ? 1 : largest_divisor(test_world().size(), num_experts)) {
    const StepData data = run_.data().step(0);
    batches_.assign(data.micro_batches.begin(), data.micro_batches.end());
  }

  void show(ForwardWatch& watch) {
    LayerWalk walk(run_.model(), batches_, run_.stream());
    for (; !walk.done(); walk.advance())
      walk.compute(nullptr, walk.layer() == moe_layer ? &watch : nullptr);
  }
  std::vector<ExpertScore> scores() {
    ExpertScores scores(num_experts);
    show(scores);
    return scores.finish(*run_.mesh().world);
  }
  std::vector<double> values(const std::string& name) {
    const Params& params = run_.model().params();
    const Tensor value = params.value(params.find(name));
    return {value.as<float>(), value.as<float>() + value.size()};
  }

 private:
  SmallRun run_;
  std::vector<Batch> batches_;
};

TEST(ExpertScores, AreTheSameOnAnyLayout) {
  const std::vector<ExpertScore> alone = Walked(true).scores(), shared = Walked(false).scores();
  for (std::size_t expert = 0; expert < num_experts; ++expert) {
    EXPECT_EQ(alone[expert].tokens, shared[expert].tokens);
    EXPECT_EQ(alone[expert].reap, shared[expert].reap);
    EXPECT_EQ(alone[expert].norm, shared[expert].norm);
  }
}

std::vector<double> times(const std::vector<double>& matrix, std::span<const double> x) {
  std::vector<double> out(matrix.size() / x.size());
  for (std::size_t i = 0; i < matrix.size(); ++i) out[i / x.size()] += matrix[i] * x[i % x.size()];
  return out;
}

// Computes each expert by itself, in double, from the rows that enter the layer's experts.
struct Reference final : ForwardWatch {
  explicit Reference(Walked& walked) : norm(walked.values("layer1.ffn_norm")) {
    for (int expert = 0; expert < num_experts; ++expert) {
      const std::string name = "layer1.expert" + std::to_string(expert);
      gate.push_back(walked.values(name + ".gate"));
      up.push_back(walked.values(name + ".up"));
      down.push_back(walked.values(name + ".down"));
    }
  }
  void saw(const std::string& tensor, const Batch&, Tensor rows, Stream&) override {
    if (!tensor.ends_with(".attention")) return;
    const std::vector<double> x(rows.as<float>(), rows.as<float>() + rows.size());
    input = reference::rms_norm(x, norm, 1e-6);
  }
  void mixed(const std::string&, const ExpertResults& of, Stream&) override {
    for (std::size_t choice = 0; choice < static_cast<std::size_t>(of.expert.size()); ++choice) {
      const auto expert = static_cast<std::size_t>(of.expert.as<std::int32_t>()[choice]);
      const std::size_t token = choice / static_cast<std::size_t>(of.expert.cols());
      const std::span x = std::span(input).subspan(token * norm.size(), norm.size());
      double squares = 0.0;
      for (const double value :
           times(down[expert], reference::swiglu(times(gate[expert], x), times(up[expert], x))))
        squares += value * value;
      ++tokens[expert];
      norms[expert] += std::sqrt(squares);
      weighted[expert] += std::sqrt(squares) * static_cast<double>(of.weight.as<float>()[choice]);
    }
  }

  std::vector<double> norm, input;
  std::vector<std::vector<double>> gate, up, down;
  std::array<double, num_experts> norms{}, weighted{};
  std::array<std::int64_t, num_experts> tokens{};
};

TEST(ExpertScores, AreMeansOfTheExpertsOutputs) {
  Walked walked(true);
  Reference expected(walked);
  walked.show(expected);
  const std::vector<ExpertScore> scores = walked.scores();
  for (std::size_t expert = 0; expert < num_experts; ++expert) {
    const auto tokens = static_cast<double>(expected.tokens[expert]);
    EXPECT_GT(tokens, 0);
    EXPECT_EQ(scores[expert].tokens, expected.tokens[expert]);
    EXPECT_NEAR(scores[expert].reap * tokens / expected.weighted[expert], 1.0, 1e-5);
    EXPECT_NEAR(scores[expert].norm * tokens / expected.norms[expert], 1.0, 1e-5);
  }
}

TEST(KeptExperts, HaveTheLargestScoresOfTheirGroup) {
  const std::vector<double> scores = {3, 1, 1, 2, 9, 8, 7, 7};
  EXPECT_THAT(kept_experts(scores, 3, 1), ElementsAre(4, 5, 6));
  EXPECT_THAT(kept_experts(scores, 4, 2), ElementsAre(0, 3, 4, 5));
  EXPECT_THAT(kept_experts(scores, 6, 2), ElementsAre(0, 1, 3, 4, 5, 6));  // 1 before 2: equal
  EXPECT_THAT(kept_experts(scores, 8, 4), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(KeptExperts, TakeTheExpertsThatAreMostLikeThem) {
  const std::vector<int> kept = {0, 3};
  const std::vector<double> likeness = {1,  .2, .9, .1,  //
                                        .2, 1,  .3, .3,  //
                                        .9, .3, 1,  .4,  //
                                        .1, .3, .4, 1};
  EXPECT_THAT(nearest_kept(kept, likeness, 4, 1), ElementsAre(0, 3, 0, 3));
  EXPECT_THAT(nearest_kept(kept, likeness, 4, 2), ElementsAre(0, 0, 3, 3));
}

TEST(LikenessOfLogits, IsTheCosineOfWhatTheRouterComputes) {
  const std::vector<float> router = {1, 2, -1, 0.5F, 2, 4};  // [3, 2]
  const std::vector<std::vector<double>> inputs = {{1, 3}, {-2, 0.5}, {0.25, -1}, {4, 4}};
  std::vector<double> products(4);
  std::vector<std::vector<double>> logits(3);
  for (const std::vector<double>& x : inputs) {
    for (std::size_t i = 0; i < 4; ++i) products[i] += x[i / 2] * x[i % 2];
    for (std::size_t e = 0; e < 3; ++e)
      logits[e].push_back(router[2 * e] * x[0] + router[2 * e + 1] * x[1]);
  }
  const auto dot = [&](std::size_t e, std::size_t f) {
    double sum = 0.0;
    for (std::size_t t = 0; t < inputs.size(); ++t) sum += logits[e][t] * logits[f][t];
    return sum;
  };
  const std::vector<double> found = likeness_of_logits(router, products, 3);
  for (std::size_t i = 0; i < 9; ++i) {
    const std::size_t e = i / 3, f = i % 3;
    EXPECT_NEAR(found[i], dot(e, f) / std::sqrt(dot(e, e) * dot(f, f)), 1e-12);
  }
  EXPECT_NEAR(found[2], 1.0, 1e-12);  // row 2 is twice row 0
}

}  // namespace expert_scores_test
}  // namespace switchyard
