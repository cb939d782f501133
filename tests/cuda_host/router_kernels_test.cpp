// Kernels of the router against their CPU twins.
#include "router/gate/gate_ops.h"
#include "router/row_ops.h"
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

// A permutation of [0, count).
Pair shuffled(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int32_t> order;
  const Permutation permutation(static_cast<std::uint64_t>(std::max<std::int64_t>(1, count)), seed,
                                0);
  for (std::int64_t i = 0; i < count; ++i)
    order.push_back(static_cast<std::int32_t>(permutation(static_cast<std::uint64_t>(i))));
  return Pair::of(order, {count});
}

TEST(RouterKernels, RowsMove) {
  for (const auto& [rows, cols] : {std::pair{0, 8}, {1, 1}, {37, 12}, {10, 517}}) {
    const Pair in = Pair::normals({rows, cols}, 1), index = shuffled(rows, 2),
               gathered({rows, cols}), scattered({rows, cols}),
               half_empty = Pair::normals({rows, cols}, 3);
    on_both([&](Device on, Stream& stream) {
      RowOps::on(on).gather_rows(in.on(on), index.on(on), gathered.on(on), stream);
      RowOps::on(on).scatter_rows(in.on(on), index.on(on), scattered.on(on), stream);
      RowOps::on(on).zero_rows(index.on(on).range(0, rows / 2), half_empty.on(on), stream);
    });
    expect_same<float>(gathered);
    expect_same<float>(scattered);
    expect_same<float>(half_empty);
  }
}

// Slots of all choices but every fifth, which was dropped; copies stand in another order than
// experts.
TEST(RouterKernels, ChoicesAreCountedAndSorted) {
  for (const auto& [tokens, k, experts] :
       {std::tuple{1, 1, 1}, {50, 3, 7}, {3000, 2, 300}, {16, 8, 8}}) {
    Pair expert = Pair::integers({tokens, k}, 1, 0, experts);
    auto* choice = expert.host().as<std::int32_t>();
    std::int64_t num_slots = 0;
    for (std::int64_t i = 0; i < tokens * k; ++i) {
      if (i % 5 == 3) choice[i] = ~choice[i];
      num_slots += choice[i] >= 0;
    }
    expert.upload();
    const Pair copy = shuffled(experts, 4), token_of_slot({num_slots}, DType::i32),
               slot_of_choice({tokens, k}, DType::i32), counts({1, 2, experts}, DType::i64);
    on_both([&](Device on, Stream& stream) {
      GateOps::on(on).count_choices(expert.on(on), counts.on(on), stream);
      RowOps::on(on).sort_choices(expert.on(on), copy.on(on), experts, token_of_slot.on(on),
                                  slot_of_choice.on(on), stream);
    });
    expect_same<std::int64_t>(counts);
    expect_same<std::int32_t>(token_of_slot);
    expect_same<std::int32_t>(slot_of_choice);
  }
}

TEST(RouterKernels, RowsAreNumberedByRun) {
  const std::vector<std::int32_t> runs = {0, 3, 16, 3, 0, 32, 3, 200, 0, 203, 1, 32};
  const Pair of = Pair::of(runs, {4, 3}), row({204}, DType::i32);
  on_both([&](Device on, Stream& stream) {
    RowOps::on(on).number_rows(of.on(on), row.on(on), stream);
  });
  expect_same<std::int32_t>(row);
  EXPECT_EQ(row.host().as<std::int32_t>()[203], 32);
}

TEST(RouterKernels, ChoicesArePlacedSummedAndDotted) {
  for (const auto& [tokens, k, cols] : {std::tuple{0, 2, 8}, {1, 1, 3}, {50, 3, 132}}) {
    Pair slot = shuffled(tokens * k, 1);
    for (std::int64_t i = 0; i < tokens * k; i += 4)
      slot.host().as<std::int32_t>()[i] = -1;  // dropped
    slot.upload();
    const Shape choices{tokens, k};
    const Pair x = Pair::normals({tokens, cols}, 2), weight = Pair::normals(choices, 3),
               slots = Pair::normals({tokens * k, cols}, 4);
    const Pair sum({tokens, cols}), plain({tokens, cols}), dot(choices),
        placed = Pair::normals({tokens * k}, 5);
    on_both([&](Device on, Stream& stream) {
      RowOps& ops = RowOps::on(on);
      const Tensor slot_of_choice = slot.on(on).view(choices);
      ops.sum_choices(slots.on(on), weight.on(on), slot_of_choice, sum.on(on), stream);
      ops.sum_choices(slots.on(on), {}, slot_of_choice, plain.on(on), stream);
      ops.dot_choices(x.on(on), slots.on(on), slot_of_choice, dot.on(on), stream);
      ops.place_choices(weight.on(on), slot_of_choice, placed.on(on), stream);
    });
    expect_close(sum, 1e-6);
    expect_close(plain, 1e-6);
    expect_close(dot, tolerance);
    expect_same<float>(placed);
  }
}

TEST(RouterKernels, PayloadsHaveTheBytesOfTheHost) {
  for (const Payload payload : {Payload::f32, Payload::bf16, Payload::int8}) {
    for (const auto& [rows, hidden] : {std::pair{0, 8}, {1, 1}, {30, 45}, {7, 300}}) {
      Pair in = Pair::normals({rows, hidden}, 1);
      if (rows > 5) in.host().as<float>()[2 * hidden] = INFINITY;
      for (std::int64_t i = 0; i < hidden && rows > 5; ++i)
        in.host().as<float>()[3 * hidden + i] = 1e-41F;
      in.upload();
      const Pair from = shuffled(rows, 2), to = shuffled(rows, 3),
                 weight = Pair::normals({rows}, 4);
      Pair packed = Pair::of(std::vector<std::uint8_t>(static_cast<std::size_t>(
                                 rows * payload_row_bytes(payload, hidden))),
                             {rows, payload_row_bytes(payload, hidden)});
      const Pair out({rows, hidden}), plain({rows, hidden});
      on_both([&](Device on, Stream& stream) {
        pack_rows(payload, in.on(on), from.on(on), packed.on(on), stream);
        unpack_rows(payload, packed.on(on), from.on(on), weight.on(on), out.on(on), to.on(on),
                    stream);
        unpack_rows(payload, packed.on(on), {}, {}, plain.on(on), {}, stream);
      });
      expect_same<std::uint8_t>(packed);
      if (rows <= 5) expect_same<float>(out);
      if (rows <= 5) expect_same<float>(plain);
    }
  }
}

}  // namespace router_kernels_test
}  // namespace switchyard
