// Which choices a full expert drops, and which tokens an expert takes by itself: against plain
// loops over all of them.
#include <gtest/gtest.h>

#include "router/gate/gate.h"
#include "runtime/random.h"
#include "tests/router/hand_routing.h"

namespace switchyard {
namespace capacity_test {

constexpr std::int64_t tokens = 90;
constexpr int num_experts = 6;

// Few distinct values, so that many tie.
std::vector<float> coarse(std::int64_t count) {
  const Random random(6, Purpose::init);
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(static_cast<int>(5.0 * random.uniform(i))) / 5.0F);
  }
  return values;
}

// How many of the others come before pair `mine` at its expert.
std::int64_t rank_of(const std::vector<std::int32_t>& expert, const std::vector<float>& weight,
                     std::size_t mine, DropBy by) {
  std::int64_t before = 0;
  for (std::size_t other = 0; other < expert.size(); ++other) {
    if (expert[other] != expert[mine] || other == mine) continue;
    const bool heavier = by == DropBy::probability && weight[other] > weight[mine];
    const bool alike = by == DropBy::position || weight[other] == weight[mine];
    before += heavier || (alike && other < mine);
  }
  return before;
}

TEST(Capacity, DropsWhatABruteForceSearchDrops) {
  for (const int threads : {1, 2}) {
    for (const DropBy by : {DropBy::probability, DropBy::position}) {
      for (const std::int64_t capacity : {0, 1, 7, 30, 1000}) {
        const HandRouting hand = HandRouting::drawn(tokens, num_experts, 4);
        const std::vector<std::int32_t> before = hand.expert;
        std::vector<std::int32_t> after = before;
        const std::vector<float> weight = coarse(std::ssize(before));
        Stream stream = Stream::cpu(threads);
        GateOps::on(Device::cpu())
            .drop(tensor_of(after.data(), {tokens, 2}), tensor_of(weight.data(), {tokens, 2}),
                  num_experts, capacity, by, stream);
        for (std::size_t pair = 0; pair < before.size(); ++pair) {
          const bool kept = rank_of(before, weight, pair, by) < capacity;
          EXPECT_EQ(after[pair], kept ? before[pair] : ~before[pair])
              << "pair " << pair << ", capacity " << capacity;
        }
      }
    }
  }
}

TEST(Capacity, ExpertsTakeTheirMostProbableTokens) {
  const std::vector<float> probability = coarse(tokens * num_experts);
  std::vector<std::int32_t> expert(probability.size());
  Stream stream = Stream::cpu(2);
  GateOps::on(Device::cpu())
      .pick_tokens(tensor_of(probability.data(), {tokens, num_experts}), 20,
                   tensor_of(expert.data(), {tokens, num_experts}), stream);
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t e = 0; e < num_experts; ++e) {
      const auto p = [&](std::int64_t of) {
        return probability[static_cast<std::size_t>(of * num_experts + e)];
      };
      std::int64_t before = 0;
      for (std::int64_t other = 0; other < tokens; ++other) {
        before += p(other) > p(t) || (p(other) == p(t) && other < t);
      }
      const auto id = static_cast<std::int32_t>(e);
      EXPECT_EQ(expert[static_cast<std::size_t>(t * num_experts + e)], before < 20 ? id : ~id);
    }
  }
}

// 32 tokens with equal rows all want experts 0 and 1; 1.1 * 2 * 32 / 4 = 17.6 makes room for 18.
TEST(Capacity, IsTheFactorTimesAnEvenShareRoundedUp) {
  Params params;
  Gate gate(params, "layer0", {.capacity_factor = 1.1}, 16, 4, 0.0);
  params.allocate({.exact = false});
  params.initialize(1);
  Buffer x(Shape{32, 16}, DType::f32);
  Arena arena;
  Routing routing;
  Stream stream = Stream::cpu(1);
  const auto counts_in = [&](std::int64_t step) {
    gate.choose(params, {0, 1, 32, {}, {}, {}, step}, x, routing, arena, stream);
    return routing.counts;
  };
  EXPECT_EQ(counts_in(0), (std::vector<std::int64_t>{18, 18, 0, 0}));
  EXPECT_EQ(routing.wanted, (std::vector<std::int64_t>{32, 32, 0, 0}));
  EXPECT_EQ(counts_in(-1), routing.wanted);  // evaluation drops nothing
}

}  // namespace capacity_test
}  // namespace switchyard
