// Kernels of the router against their CPU twins.
#include "router/gate/gate_ops.h"
#include "tests/cuda_host/pair.h"

namespace switchyard {
namespace router_kernels_test {

constexpr double tolerance = 2e-5;

struct GateCase {
  std::int64_t tokens, experts, k;
  GateRule rule;
  bool biased = false;
};

void compare_gate(const GateCase& of) {
  const Pair logits = Pair::normals({of.tokens, of.experts}, 1),
             probability({of.tokens, of.experts});
  const Pair log_sum({of.tokens}), expert({of.tokens, of.k}, DType::i32), weight({of.tokens, of.k});
  const Pair bias = Pair::normals({of.biased ? of.experts : 0}, 2, 0.3);
  on_both([&](Device on, Stream& stream) {
    GateOps& ops = GateOps::on(on);
    ops.score(of.rule.weighing, logits.on(on), probability.on(on), log_sum.on(on), stream);
    ops.pick(of.rule, logits.on(on), probability.on(on), bias.on(on), expert.on(on), stream);
    ops.weigh(of.rule, logits.on(on), probability.on(on), expert.on(on), weight.on(on), stream);
    stream.synchronize();
  });
  const std::string what = fmt::format("{} tokens, {} of {} experts, weighing {}", of.tokens, of.k,
                                       of.experts, static_cast<int>(of.rule.weighing));
  expect_close(probability, tolerance, what);
  expect_close(log_sum, tolerance, what);
  expect_same<std::int32_t>(expert, what);
  expect_close(weight, tolerance, what);

  const std::int64_t runs = of.tokens > 0 && of.tokens % 2 == 0 ? 2 : 1;
  const Pair d_weight = Pair::normals({of.tokens, of.k}, 3),
             slope = Pair::normals({runs, of.experts}, 4, 0.1);
  const Pair d_logits({of.tokens, of.experts});
  const Pair sums({runs, of.experts + 1}, DType::f64), counts({runs, 2, of.experts}, DType::i64);
  on_both([&](Device on, Stream& stream) {
    GateOps& ops = GateOps::on(on);
    Routing routing;
    routing.logits = logits.on(on);
    routing.probability = probability.on(on);
    routing.log_sum = log_sum.on(on);
    routing.expert = expert.on(on);
    ops.choose_backward(of.rule, routing, {d_weight.on(on), slope.on(on), 0.01F}, d_logits.on(on),
                        stream);
    ops.sum_probabilities(probability.on(on), log_sum.on(on), sums.on(on), stream);
    ops.count_choices(expert.on(on), counts.on(on), stream);
  });
  expect_close(d_logits, tolerance, what);
  const std::vector<double> on_gpu = sums.device_values<double>();
  for (std::size_t i = 0; i < on_gpu.size(); ++i) {
    const double sum = sums.host().as<double>()[i];
    EXPECT_NEAR(on_gpu[i], sum, 1e-4 * sum + 1e-12) << what;
  }
  expect_same<std::int64_t>(counts, what);
}

TEST(RouterKernels, BiasesThatExpertsNeedAreCounted) {
  for (const auto& [tokens, experts, k] : {std::tuple{0, 4, 1}, {150, 5, 4}, {67, 300, 8}}) {
    const Pair logits = Pair::normals({tokens, experts}, 1),
               bias = Pair::normals({experts}, 2, 0.3),
               counts({experts, BiasBins::count}, DType::i32);
    const BiasBins bins =
        BiasBins::around({bias.host().as<float>(), static_cast<std::size_t>(experts)});
    on_both([&](Device on, Stream& stream) {
      GateOps::on(on).count_required_biases(logits.on(on), bias.on(on), k, bins, counts.on(on),
                                            stream);
    });
    expect_same<std::int32_t>(counts);
  }
}

TEST(RouterKernels, GatesOfEveryKind) {
  for (const Weighing weighing : {Weighing::softmax_topk, Weighing::topk_softmax, Weighing::sigmoid,
                                  Weighing::sigmoid_normalized}) {
    compare_gate({1, 1, 1, {.weighing = weighing}});
    compare_gate({150, 5, 2, {.weighing = weighing, .scale = 2.5F}, is_sigmoid(weighing)});
    compare_gate({67,
                  64,
                  8,
                  {.weighing = weighing, .groups = 8, .groups_per_token = 4},
                  is_sigmoid(weighing)});
  }
  compare_gate({0, 8, 2, {}});
  compare_gate({9, 300, 6, {}});
}

TEST(RouterKernels, GroupsThatAreNotConsecutive) {
  const std::vector<std::int32_t> members = {0, 3, 1, 2, 5, 4}, begins = {0, 2, 5, 6};
  GateRule rule{.weighing = Weighing::sigmoid, .groups = 3, .groups_per_token = 2};
  rule.group_experts = members.data();
  rule.group_begins = begins.data();
  compare_gate({30, 6, 2, rule});
}

TEST(RouterKernels, TiesGoToTheLowerExpert) {
  const Pair logits = Pair::of(std::vector<float>(40 * 70, 0.5F), {40, 70}),
             expert({40, 3}, DType::i32);
  const Pair probability = Pair::of(std::vector<float>(40 * 70, 1.0F / 70), {40, 70});
  on_both([&](Device on, Stream& stream) {
    GateOps::on(on).pick({}, logits.on(on), probability.on(on), {}, expert.on(on), stream);
  });
  expect_same<std::int32_t>(expert);
  EXPECT_EQ(expert.host().as<std::int32_t>()[2], 2);
}

TEST(RouterKernels, LogitsThatAreNotNumbersGoTheSameWay) {
  for (const Weighing weighing : {Weighing::softmax_topk, Weighing::sigmoid}) {
    const GateRule rule{.weighing = weighing};
    Pair logits = Pair::normals({20, 6}, 1);
    logits.host().as<float>()[77] = std::nanf("");
    logits.host().as<float>()[31] = __builtin_inff();
    logits.upload();
    const Pair probability({20, 6}), log_sum({20}), expert({20, 2}, DType::i32), weight({20, 2});
    const Pair sums({1, 7}, DType::f64);
    on_both([&](Device on, Stream& stream) {
      GateOps& ops = GateOps::on(on);
      ops.score(weighing, logits.on(on), probability.on(on), log_sum.on(on), stream);
      ops.pick(rule, logits.on(on), probability.on(on), {}, expert.on(on), stream);
      ops.weigh(rule, logits.on(on), probability.on(on), expert.on(on), weight.on(on), stream);
      ops.sum_probabilities(probability.on(on), log_sum.on(on), sums.on(on), stream);
      ops.drop(expert.on(on), weight.on(on), 6, 3, DropBy::probability, stream);
    });
    expect_same<std::int32_t>(expert);
    for (const double squares : {sums.host().as<double>()[6], sums.device_values<double>()[6]})
      EXPECT_TRUE(std::isnan(squares));
    for (const float w : {weight.host().as<float>()[2 * 12], weight.device_values<float>()[2 * 5]})
      EXPECT_TRUE(std::isnan(w));
  }
}

TEST(RouterKernels, ExpertsWithLimits) {
  for (const auto& [tokens, experts, capacity] :
       {std::tuple{0, 4, 3}, {1, 2, 1}, {300, 5, 70}, {40, 3, 40}}) {
    const Pair probability = Pair::normals({tokens, experts}, 1),
               chosen({tokens, experts}, DType::i32);
    on_both([&](Device on, Stream& stream) {
      GateOps::on(on).pick_tokens(probability.on(on), capacity, chosen.on(on), stream);
    });
    expect_same<std::int32_t>(chosen);
    for (const DropBy by : {DropBy::probability, DropBy::position}) {
      const Pair expert = Pair::integers({tokens, 2}, 2, 0, experts),
                 weight = Pair::integers({tokens, 2}, 3, 0, 9);
      Pair ties({tokens, 2});
      for (std::int64_t i = 0; i < 2 * tokens; ++i)
        ties.host().as<float>()[i] = static_cast<float>(weight.host().as<std::int32_t>()[i]);
      ties.upload();
      on_both([&](Device on, Stream& stream) {
        GateOps::on(on).drop(expert.on(on), ties.on(on), experts, capacity, by, stream);
      });
      expect_same<std::int32_t>(expert);
    }
  }
}

TEST(RouterKernels, HashesChooseAsOnTheHost) {
  const Random random(5, Purpose::gate_hash, 3);
  for (const auto& [tokens, experts, k] :
       {std::tuple{0, 4, 2}, {1, 1, 1}, {300, 7, 3}, {40, 5, 5}}) {
    const Pair token = Pair::integers({tokens}, 1, 0, 1000), expert({tokens, k}, DType::i32);
    on_both([&](Device on, Stream& stream) {
      GateOps::on(on).pick_by_hash(random, token.on(on), experts, expert.on(on), stream);
    });
    expect_same<std::int32_t>(expert);
  }
}

TEST(RouterKernels, NoiseAndJitterAreTheNumbersOfTheHost) {
  const Random random(5, Purpose::gate_noise, 3);
  const Pair width = Pair::normals({33, 7}, 1), logits = Pair::normals({33, 7}, 2),
             x = Pair::normals({33, 7}, 3);
  const Pair out({33, 7});
  on_both([&](Device on, Stream& stream) {
    GateOps& ops = GateOps::on(on);
    ops.add_noise(random, 100, width.on(on), logits.on(on), stream);
    ops.jitter(random, 200, 0.1F, x.on(on), out.on(on), stream);
    ops.multiply(width.on(on), x.on(on), stream);
  });
  expect_same<float>(width);
  expect_same<float>(logits);
  expect_same<float>(out);
  expect_same<float>(x);
}

}  // namespace router_kernels_test
}  // namespace switchyard
