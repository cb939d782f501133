// What activation_bytes counts against what the arenas of a model that trains hold.
#include "model/transformer/activations.h"

#include <gtest/gtest.h>

#include "tests/train/small_run.h"

namespace switchyard {
namespace activations_test {

// What some steps took from the arenas, and what is counted for the same threads and an even share
// of rows.
struct Bytes {
  std::int64_t used, planned;
};

Bytes bytes_of(SmallConfig config, int threads) {
  config.threads = threads;
  SmallRun run(config, make_single_comm(), 1);
  for (std::int64_t step = 0; step < 2; ++step) run.step(step);
  const ActivationInputs inputs{
      .vocabulary = config.vocabulary,
      .sequence_length = config.sequence_length,
      .tokens = config.train.micro_batch_size * config.sequence_length,
      .recompute_layers = config.recompute_layers,
      .mtp_modules = config.train.mtp_weight > 0 ? config.model.mtp_depth : 0};
  return {run.model().activation_memory().used,
          activation_bytes(config.model, config.router, inputs, run.stream()).total()};
}

// A single rank's experts receive every row, so the numbers of rows are known.
void expect_counted(const SmallConfig& config, int threads = 1) {
  const Bytes bytes = bytes_of(config, threads);
  EXPECT_EQ(bytes.planned, bytes.used);
}

SmallConfig larger() {
  SmallConfig config;
  config.sequence_length = 64;
  config.train.micro_batch_size = 8;
  config.model.num_layers = 3;
  return config;
}

TEST(Activations, CountADenseAndExpertModel) { expect_counted(larger()); }

TEST(Activations, CountEachThreadsScratch) { expect_counted(larger(), 3); }

TEST(Activations, CountRecomputedLayers) {
  SmallConfig config = larger();
  config.model.num_layers = 10;
  const auto kept = static_cast<double>(bytes_of(config, 1).used);
  config.recompute_layers = 10;
  expect_counted(config);
  EXPECT_LT(static_cast<double>(bytes_of(config, 1).used), 0.5 * kept);
}

TEST(Activations, CountGatesThatKeepMore) {
  SmallConfig config = larger();
  config.router.gate = GateKind::noisy_topk;
  config.router.jitter = 0.1F;
  expect_counted(config);
  config.router = {.gate = GateKind::hash, .top_k = 3};
  expect_counted(config);
}

TEST(Activations, CountBlocksOfOtherKinds) {
  SmallConfig config = larger();
  config.model.norm_placement = NormPlacement::after;
  config.model.shared_expert_gate = true;
  expect_counted(config);
  config.recompute_layers = 2;
  expect_counted(config);
  config.model.num_experts = 0;
  expect_counted(config);
}

TEST(Activations, CountAttentionsParts) {
  SmallConfig config = larger();
  config.model.qk_norm = QkNorm::projection;
  config.model.qkv_bias = config.model.o_bias = true;
  config.model.window = 6;
  expect_counted(config);
}

TEST(Activations, CountSumsOfProducts) {
  SmallConfig config = larger();
  config.model.adapter = {
      .rank = 8, .targets = {"layer1.attention.o", "ffn", "experts", "layer1.router", "shared"}};
  expect_counted(config);
  config.model.adapter = {};
  config.model.low_rank = {.rank = 8, .layers = {0, 2}};
  config.recompute_layers = 1;
  expect_counted(config);
}

TEST(Activations, CountModulesOfMultiTokenPrediction) {
  SmallConfig config = larger();
  config.model.mtp_depth = 2;
  expect_counted(config);
  config.recompute_layers = 4;
  expect_counted(config, 3);
  config.model.dense_layers = {0, 2};
  config.train.mtp_weight = 0.0;
  expect_counted(config);
}

TEST(Activations, CountPayloads) {
  SmallConfig config = larger();
  config.router.payload = Payload::int8;
  expect_counted(config);
}

// With f32 rows the results lie in the window that ranks share.
TEST(Activations, CoverEveryExchange) {
  for (const ExchangeKind exchange :
       {ExchangeKind::hierarchical, ExchangeKind::pipelined, ExchangeKind::shared_memory}) {
    SCOPED_TRACE(name_of(exchange));
    SmallConfig config = larger();
    config.router.exchange = exchange;
    const Bytes bytes = bytes_of(config, 1);
    EXPECT_GE(bytes.planned, bytes.used);
    EXPECT_LE(static_cast<double>(bytes.planned), 1.2 * static_cast<double>(bytes.used));
  }
}

// Nothing is allocated: a model of petabytes is counted in no time.
TEST(Activations, CountWhatNoMachineHolds) {
  ModelConfig model;
  model.hidden = model.expert_hidden = 1 << 20;
  model.num_layers = model.num_experts = 1024;
  const ActivationInputs inputs{.vocabulary = 1 << 20,
                                .sequence_length = 1 << 20,
                                .tokens = 1 << 24,
                                .num_expert_ranks = 1024};
  EXPECT_GT(activation_bytes(model, {}, inputs, Stream::cpu(8)).total(), std::int64_t{1} << 50);
}

}  // namespace activations_test
}  // namespace switchyard
