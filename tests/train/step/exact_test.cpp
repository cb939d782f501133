// Law 3: any layout, the same bits. Every layout is a split of this program's ranks, compared with
// one rank alone.
#include <gtest/gtest.h>

#include <cmath>

#include "router/exchange/factory.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace exact_test {

constexpr std::int64_t steps = 4;

struct Outcome {
  std::vector<double> losses;
  std::int64_t hash;
  bool operator==(const Outcome&) const = default;
};

// Groups of `num_ranks` train side by side; a last, smaller group trains on its own layout.
Outcome train_on(const SmallConfig& config, int num_ranks, int expert_degree) {
  const int group = test_world().rank() / num_ranks;
  auto part = test_world().split(group, test_world().rank());
  const int degree = part->size() % expert_degree == 0 ? expert_degree : 1;
  SmallRun run(config, std::move(part), degree);
  Outcome outcome{run.losses(0, steps), 0};
  outcome.hash = run.state_hash();
  return outcome;
}

void expect_same_bits_everywhere(const SmallConfig& config) {
  const Outcome alone = train_on(config, 1, 1);
  EXPECT_TRUE(std::isfinite(alone.losses.back()));
  for (int ranks = 1; ranks <= test_world().size(); ++ranks) {
    for (int degree = 1; degree <= ranks; ++degree) {
      if (ranks % degree != 0 || degree > config.model.num_experts) continue;
      EXPECT_EQ(train_on(config, ranks, degree), alone)
          << ranks << " ranks, expert degree " << degree;
    }
  }
}

TEST(Exact, EveryLayoutGivesTheSameBits) { expect_same_bits_everywhere(SmallConfig{}); }

TEST(Exact, TwoThreadsGiveTheSameBits) {
  SmallConfig config;
  const Outcome one = train_on(config, 1, 1);
  config.threads = 2;
  EXPECT_EQ(train_on(config, test_world().size(), 1), one);
}

// Libraries split long sums with small outputs over threads: a router of 64 experts, 2,048 tokens.
TEST(Exact, LongMicroBatchesWithManyExpertsGiveTheSameBitsOnTwoThreads) {
  SmallConfig config;
  config.model.num_experts = 64;
  config.sequence_length = 256;
  config.train.micro_batch_size = 8;
  config.train.global_batch_size = 32;
  const Outcome one = train_on(config, 1, 1);
  config.threads = 2;
  EXPECT_EQ(train_on(config, test_world().size(), test_world().size()), one);
}

// More rounds than one rank has work: the last round leaves ranks without a micro-batch.
TEST(Exact, UnevenRoundsGiveTheSameBits) {
  SmallConfig config;
  config.train.global_batch_size = 10;
  expect_same_bits_everywhere(config);
}

TEST(Exact, AttentionsPartsGiveTheSameBits) {
  SmallConfig config;
  config.model.qk_norm = QkNorm::projection;
  config.model.qkv_bias = config.model.o_bias = true;
  config.model.window = 6;
  config.model.window_layers = {1};
  config.model.rope = {.type = RopeType::yarn, .factor = 4.0, .original_length = 12};
  expect_same_bits_everywhere(config);
}

TEST(Exact, TopKThenSoftmaxGivesTheSameBits) {
  SmallConfig config;
  config.router.gate = GateKind::topk_softmax;
  config.model.tie_embeddings = false;
  config.model.qk_norm = QkNorm::none;
  expect_same_bits_everywhere(config);
}

TEST(Exact, BlocksOfOtherKindsGiveTheSameBits) {
  SmallConfig config;
  config.model.norm_placement = NormPlacement::after;
  config.model.shared_expert_gate = true;
  config.train.global_batch_size = 10;
  expect_same_bits_everywhere(config);
  const Outcome kept = train_on(config, 1, 1);
  config.recompute_layers = 2;
  EXPECT_EQ(train_on(config, test_world().size(), 1), kept);
}

TEST(Exact, AModelWithoutExpertsGivesTheSameBits) {
  SmallConfig config;
  config.model.num_experts = 0;
  const Outcome alone = train_on(config, 1, 1);
  EXPECT_TRUE(std::isfinite(alone.losses.back()));
  EXPECT_EQ(train_on(config, test_world().size(), 1), alone);
}

// Masks follow sequences and micro-batches wherever their rows go: to copies of experts, by every
// exchange, and again where layers are recomputed.
TEST(Exact, MasksGiveTheSameBits) {
  SmallConfig config;
  config.model.dropout = {.weights = 0.2, .ffn = 0.1, .residual = 0.1, .embedding = 0.1};
  const Outcome masked = train_on(config, 1, 1), plain = train_on({}, 1, 1);
  EXPECT_NE(masked.losses.front(), plain.losses.front());
  const int all = test_world().size();
  EXPECT_EQ(train_on(config, all, all), masked) << "each expert on one rank";
  config.threads = 2;
  config.recompute_layers = 2;
  config.rebalance_every = 1;
  config.router.extra_copies = 2;
  EXPECT_EQ(train_on(config, all, largest_divisor(all, 2)), masked) << "copies, recomputed";
  for (const ExchangeKind kind : {ExchangeKind::hierarchical, ExchangeKind::pipelined}) {
    config.router.exchange = kind;
    EXPECT_EQ(train_on(config, all, all), masked) << name_of(kind);
  }
  config.model.dropout = {.weights = 0.2,
                          .weights_kind = MaskKind::gaussian,
                          .weights_share = MaskShare::step,
                          .layers = {1}};
  EXPECT_EQ(train_on(config, all, all), train_on(config, 1, 1)) << "one mask a step";
}

// Every gate, every statistic of it, and what it keeps from step to step.
TEST(Exact, EveryGateGivesTheSameBits) {
  const std::vector<RouterConfig> gates = {
      {.gate = GateKind::sigmoid,
       .scale = 2.5F,
       .bias_rate = 0.05F,
       .balance_over = BalanceOver::sequence},
      {.gate = GateKind::sigmoid,
       .top_k = 4,
       .groups = 3,
       .groups_per_token = 2,
       .capacity_factor = 0.9},
      {.gate = GateKind::sigmoid, .bias_rate = 1.0F, .bias_update = BiasUpdate::quantile},
      {.gate = GateKind::noisy_topk, .balance_over = BalanceOver::global_batch},
      {.jitter = 0.1F,
       .balance_over = BalanceOver::global_batch,
       .capacity_factor = 0.7,
       .drop = DropBy::position},
      {.gate = GateKind::expert_choice, .allow_future_tokens = true},
      {.gate = GateKind::hash, .top_k = 3}};
  const int all = test_world().size();
  for (const RouterConfig& router : gates) {
    SmallConfig config;
    config.model.num_layers = 1;
    config.model.dense_layers = {};
    config.model.num_experts = 7;
    config.router = router;
    const Outcome alone = train_on(config, 1, 1);
    EXPECT_TRUE(std::isfinite(alone.losses.back())) << name_of(router.gate);
    EXPECT_EQ(train_on(config, all, 1), alone) << name_of(router.gate);
    EXPECT_EQ(train_on(config, all, all), alone) << name_of(router.gate);
  }
}

// With equal router rows every token ties, and all tokens go to the first experts: the others get
// no row.
TEST(Exact, TiesAndEmptyExpertsGiveTheSameBits) {
  SmallConfig config;
  config.zero_routers = true;
  config.model.num_experts = 7;
  expect_same_bits_everywhere(config);
}

TEST(Exact, ManyExpertsWithOneRowGiveTheSameBits) {
  SmallConfig config;
  config.model.num_experts = 64;
  expect_same_bits_everywhere(config);
}

// Nodes of two ranks, so that rows cross nodes and stay within one.
TEST(Exact, EveryExchangeGivesTheSameBits) {
  SmallConfig config;
  config.router.ranks_per_node = 2;
  const Outcome flat = train_on(config, 1, 1);
  const int all = test_world().size();
  for (const ExchangeKind kind : exchange_kinds) {
    config.router.exchange = kind;
    EXPECT_EQ(train_on(config, all, largest_divisor(all, config.model.num_experts)), flat)
        << name_of(kind);
  }
}

// Experts move after every step, some of them have copies, and rows cross nodes of two ranks.
TEST(Exact, MovingExpertsAndTheirCopiesGiveTheSameBits) {
  SmallConfig config;
  config.model.num_experts = 7;
  config.model.num_layers = 1;
  config.model.dense_layers = {};
  const Outcome flat = train_on(config, 1, 1);
  const int all = test_world().size();
  config.rebalance_every = 1;
  config.router.ranks_per_node = 2;
  EXPECT_EQ(train_on(config, all, all), flat) << "moving";
  config.router.extra_copies = 4;
  EXPECT_EQ(train_on(config, all, largest_divisor(all, 2)), flat) << "copies, and replicas";
  for (const ExchangeKind kind : {ExchangeKind::hierarchical, ExchangeKind::pipelined}) {
    config.router.exchange = kind;
    EXPECT_EQ(train_on(config, all, all), flat) << "copies by " << name_of(kind);
  }
}

// Whole matrices have one owner each, another one on every layout, and their state moves with
// experts.
TEST(Exact, MatricesThatAreUpdatedWholeGiveTheSameBits) {
  SmallConfig muon, galore;
  muon.train.optimizer = MatrixOptimizer::muon;
  galore.train.galore = {.rank = 6, .every = 2};
  const int all = test_world().size();
  const Outcome adamw = train_on({}, 1, 1);
  for (SmallConfig config : {muon, galore}) {
    const Outcome alone = train_on(config, 1, 1);
    EXPECT_NE(alone.losses.back(), adamw.losses.back());
    EXPECT_EQ(train_on(config, all, all), alone) << "each expert on one rank";
    config.threads = 2;
    EXPECT_EQ(train_on(config, all, 1), alone) << "replicas, and two threads";
    config.rebalance_every = 1;
    config.router.extra_copies = 2;
    EXPECT_EQ(train_on(config, all, largest_divisor(all, 2)), alone)
        << "moving experts, and copies";
  }
}

TEST(Exact, APayloadGivesTheSameBitsByEveryExchangeAndOthersThanF32) {
  SmallConfig config;
  const Outcome plain = train_on(config, 1, 1);
  config.router.ranks_per_node = 2;
  const int all = test_world().size();
  for (const Payload payload : {Payload::bf16, Payload::int8}) {
    config.router.payload = payload;
    config.router.exchange = ExchangeKind::flat;
    const Outcome alone = train_on(config, 1, 1);
    EXPECT_NE(alone, plain) << name_of(payload);
    EXPECT_NEAR(alone.losses.front() / plain.losses.front(), 1.0, 1e-2) << name_of(payload);
    for (const ExchangeKind kind : {ExchangeKind::shared_memory, ExchangeKind::hierarchical}) {
      config.router.exchange = kind;
      EXPECT_EQ(train_on(config, all, largest_divisor(all, config.model.num_experts)), alone)
          << name_of(payload) << " by " << name_of(kind);
    }
  }
}

TEST(Exact, EveryPrecisionGivesTheSameBitsAndOthersThanF32) {
  SmallConfig config;
  const Outcome plain = train_on(config, 1, 1);
  const int all = test_world().size();
  std::vector<TrainConfig> precisions(3, config.train);
  precisions[0].precision = FloatFormat::bf16;
  precisions[1].int8_forward = precisions[1].int8_input_gradient =
      precisions[1].int8_weight_gradient = true;
  precisions[2].precision = FloatFormat::bf16;
  precisions[2].int8_input_gradient = true;
  for (const TrainConfig& train : precisions) {
    config.train = train;
    const Outcome alone = train_on(config, 1, 1);
    EXPECT_NE(alone, plain);
    EXPECT_NEAR(alone.losses.back() / plain.losses.back(), 1.0, 1e-2);
    EXPECT_EQ(train_on(config, all, largest_divisor(all, config.model.num_experts)), alone)
        << name_of(train.precision) << ", int8 weight gradient " << train.int8_weight_gradient;
  }
}

// exact = false may merge products and add in floating point, and must then agree to 1e-5.
TEST(Exact, FastModeAgreesToOnePartInTenToTheFive) {
  SmallConfig config;
  const Outcome exact = train_on(config, 1, 1);
  config.train.exact = false;
  const int all = test_world().size();
  const Outcome fast = train_on(config, all, largest_divisor(all, config.model.num_experts));
  for (std::size_t i = 0; i < exact.losses.size(); ++i) {
    EXPECT_NEAR(fast.losses[i] / exact.losses[i], 1.0, 1e-5) << "step " << i;
  }
}

// Of a dense layer, and of experts whose router reads a copy with jitter or the rows themselves.
TEST(Exact, RecomputedLayersGiveTheSameBits) {
  for (const float jitter : {0.0F, 0.1F}) {
    SmallConfig config;
    config.router.jitter = jitter;
    const Outcome kept = train_on(config, 1, 1);
    const int all = test_world().size();
    for (config.recompute_layers = 1; config.recompute_layers <= 2; ++config.recompute_layers) {
      EXPECT_EQ(train_on(config, all, largest_divisor(all, config.model.num_experts)), kept)
          << config.recompute_layers << " layers, jitter " << jitter;
    }
  }
}

TEST(Exact, AnotherSeedGivesOtherBits) {
  SmallConfig config;
  const Outcome first = train_on(config, 1, 1);
  config.train.seed = 12;
  EXPECT_NE(train_on(config, 1, 1).hash, first.hash);
}

}  // namespace exact_test
}  // namespace switchyard
