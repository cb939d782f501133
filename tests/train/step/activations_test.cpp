// What activation_bytes says against what the arenas of a model that trains hold.
#include "model/transformer/activations.h"

#include <gtest/gtest.h>

#include "tests/train/small_run.h"

namespace switchyard {
namespace activations_test {

// What some steps took from the arenas, and the bytes of the formula for the same threads and an
// even share of rows.
struct Bytes {
  double used, planned;
};

Bytes bytes_of(SmallConfig config, int threads) {
  config.threads = threads;
  SmallRun run(config, make_single_comm(), 1);
  for (std::int64_t step = 0; step < 2; ++step) run.step(step);
  const ActivationInputs inputs{.vocabulary = config.vocabulary,
                                .sequence_length = config.sequence_length,
                                .tokens = config.train.micro_batch_size * config.sequence_length,
                                .recompute_layers = config.recompute_layers};
  return {static_cast<double>(run.model().activation_memory().used),
          static_cast<double>(
              activation_bytes(config.model, config.router, inputs, run.stream()).total())};
}

// Not less than what is used, or a run would grow; and not much more: padding is at its most.
void expect_covers(const SmallConfig& config, int threads = 1) {
  const Bytes bytes = bytes_of(config, threads);
  EXPECT_GE(bytes.planned, bytes.used);
  EXPECT_LE(bytes.planned, 1.1 * bytes.used);
}

SmallConfig larger() {
  SmallConfig config;
  config.sequence_length = 64;
  config.train.micro_batch_size = 8;
  config.model.num_layers = 3;
  return config;
}

TEST(Activations, CoverADenseAndExpertModel) { expect_covers(larger()); }

TEST(Activations, CoverEachThreadsScratch) { expect_covers(larger(), 3); }

TEST(Activations, CoverRecomputedLayers) {
  SmallConfig config = larger();
  config.model.num_layers = 10;
  const double kept = bytes_of(config, 1).used;
  config.recompute_layers = 10;
  expect_covers(config);
  EXPECT_LT(bytes_of(config, 1).used, 0.5 * kept);
}

TEST(Activations, CoverGatesThatKeepMore) {
  SmallConfig config = larger();
  config.router.gate = GateKind::noisy_topk;
  config.router.jitter = 0.1F;
  expect_covers(config);
  config.router = {.gate = GateKind::hash, .top_k = 3};
  expect_covers(config);
}

TEST(Activations, CoverSumsPerNode) {
  SmallConfig config = larger();
  config.train.exact = false;
  config.router.exchange = ExchangeKind::hierarchical;
  config.router.node_sums = true;
  for (const Payload payload : {Payload::f32, Payload::bf16}) {
    config.router.payload = payload;
    expect_covers(config);
  }
}

TEST(Activations, CoverPayloads) {
  SmallConfig config = larger();
  config.router.payload = Payload::int8;
  expect_covers(config);
}

}  // namespace activations_test
}  // namespace switchyard
