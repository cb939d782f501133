#include "train/compress/linear_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "model/param_role.h"
#include "model/transformer/layer_walk.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace linear_statistics_test {

SmallRun untrained(bool alone) {
  SmallConfig config;
  config.model.ffn_hidden = 300;  // more inputs than X^T X has rows in a panel
  const int degree = alone ? 1 : largest_divisor(test_world().size(), config.model.num_experts);
  return {config, test_world().split(alone ? test_world().rank() : 0, test_world().rank()), degree};
}

std::vector<Batch> batches_of(SmallRun& run) {
  const StepData data = run.data().step(0);
  return {data.micro_batches.begin(), data.micro_batches.end()};
}

std::vector<ParamId> weights_of(const Params& params, std::int64_t layer) {
  std::vector<ParamId> weights;
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const ParamSpec& spec = params.spec(id);
    const ParamRole role = role_of_param(spec.name);
    if (layer_of_param(spec.name) == layer && spec.shape.num_dims() == 2 &&
        (role == ParamRole::attention || role == ParamRole::ffn || role == ParamRole::experts))
      weights.push_back(id);
  }
  return weights;
}

struct Shown : ForwardWatch, LinearWatch {
  void saw(const std::string& tensor, const Batch& batch, Tensor rows, Stream&) override {
    if (!tensor.ends_with(".output")) return;
    const auto* first = rows.as<float>();
    outputs[{tensor, batch.index}].assign(first, first + rows.size());
  }
  void mixed(const std::string&, const ExpertResults& of, Stream&) override {
    EXPECT_EQ(of.weight.shape, of.slot.shape);
    EXPECT_EQ(of.weight.shape, of.expert.shape);
    num_results += of.results.rows();
  }
  // X^T X in double, one row after another.
  void multiplies(int weight, Tensor x, Stream&) override {
    std::vector<double>& sums = products[weight];
    const auto in = static_cast<std::size_t>(x.cols());
    sums.resize(in * in);
    for (std::int64_t row = 0; row < x.rows(); ++row) {
      const float* const inputs = x.as<float>() + row * x.cols();
      for (std::size_t i = 0; i < in * in; ++i)
        sums[i] += static_cast<double>(inputs[i / in]) * static_cast<double>(inputs[i % in]);
    }
  }
  std::map<std::pair<std::string, std::int64_t>, std::vector<float>> outputs;
  std::map<int, std::vector<double>> products;
  std::int64_t num_results = 0;
};

TEST(LayerWalk, ComputesWhatForwardComputes) {
  SmallRun run = untrained(/*alone=*/true);
  const std::vector<Batch> batches = batches_of(run);
  Shown shown;
  LayerWalk walk(run.model(), batches, run.stream());
  for (; !walk.done(); walk.advance()) walk.compute(nullptr, &shown);
  EXPECT_GT(shown.num_results, 0);
  const std::int64_t vocabulary = 50;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    run.model().forward(batches[i], run.stream());
    const Buffer logits(Shape{batches[i].num_tokens(), vocabulary}, DType::f32);
    run.model().logits(0, logits, run.stream());
    const std::vector<float>& walked = shown.outputs.at({"layer1.output", batches[i].index});
    EXPECT_EQ(std::memcmp(walk.input(i).data, walked.data(), walked.size() * sizeof(float)), 0);
  }
}

// Of all weights of this rank, by name.
std::map<std::string, InputStatistics> statistics_of(SmallRun& run, InputMoments moments) {
  const std::vector<Batch> batches = batches_of(run);
  std::map<std::string, InputStatistics> all;
  LayerWalk walk(run.model(), batches, run.stream());
  for (; !walk.done(); walk.advance()) {
    const std::vector<ParamId> weights = weights_of(run.model().params(), walk.layer());
    LinearStatistics statistics(run.model().params(), weights, moments, 16 * 24, 8);
    do walk.compute(&statistics);
    while (!statistics.finish(run.mesh(), run.stream()));
    for (const ParamId id : weights) all[run.model().params().spec(id).name] = statistics.of(id);
  }
  return all;
}

TEST(LinearStatistics, AreTheSameOnAnyLayout) {
  for (const InputMoments moments : {InputMoments::squares, InputMoments::products}) {
    SmallRun here = untrained(true), together = untrained(false);
    const auto alone = statistics_of(here, moments), shared = statistics_of(together, moments);
    EXPECT_EQ(alone.size(), 7U + 4U + 5U * 3U);
    for (const auto& [name, statistics] : shared) {
      EXPECT_EQ(statistics.rows, alone.at(name).rows) << name;
      EXPECT_EQ(statistics.squares, alone.at(name).squares) << name;
      EXPECT_EQ(statistics.products, alone.at(name).products) << name;
    }
  }
}

TEST(LinearStatistics, AreTheSumsOfTheInputs) {
  SmallRun run = untrained(true);
  const auto squares = statistics_of(run, InputMoments::squares),
             products = statistics_of(run, InputMoments::products);
  const std::vector<Batch> batches = batches_of(run);
  Shown shown;
  LayerWalk walk(run.model(), batches, run.stream());
  for (; !walk.done(); walk.advance()) walk.compute(&shown);
  for (const auto& [name, statistics] : squares) {
    const std::vector<double>& sums = shown.products[run.model().params().find(name)];
    const std::size_t in = statistics.squares.size();
    const std::vector<double>& matrix = products.at(name).products;
    ASSERT_EQ(matrix.size(), in * in);
    for (std::size_t k = 0; k < sums.size(); ++k) {
      const std::size_t i = k / in, j = k % in;
      if (i == j) {
        EXPECT_NEAR(statistics.squares[i], sums[k], 1e-9 * sums[k] + 1e-6) << name;
      }
      const double scale = std::sqrt(sums[i * in + i] * sums[j * in + j]);
      EXPECT_NEAR(matrix[k], sums[k], 1e-5 * scale + 1e-6) << name;
    }
  }
}

// Inputs so large that their squares do not fit at first.
TEST(LinearStatistics, MakeRoomForLargeInputs) {
  SmallRun run = untrained(true);
  const Params& params = run.model().params();
  const Tensor norm = params.value(params.find("layer1.attention_norm"));
  for (std::int64_t i = 0; i < norm.size(); ++i) norm.as<float>()[i] = 1e4F;
  for (const InputMoments moments : {InputMoments::squares, InputMoments::products}) {
    const auto all = statistics_of(run, moments);
    const InputStatistics& q = all.at("layer1.attention.q");
    double mean = 0.0;
    for (const double square : q.squares) mean += square / 1e8 / static_cast<double>(q.rows) / 32;
    EXPECT_NEAR(mean, 1.0, 1e-3);
  }
  norm.as<float>()[0] = INFINITY;
  EXPECT_THROW(statistics_of(run, InputMoments::squares), Error);
}

}  // namespace linear_statistics_test
}  // namespace switchyard
