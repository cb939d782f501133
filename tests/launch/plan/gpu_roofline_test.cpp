#include "launch/plan/gpu_roofline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/plan/memory_plan.h"
#include "runtime/error.h"

namespace switchyard::plan {
namespace gpu_roofline_test {

constexpr std::int64_t vocabulary = 151936;

// The shape of Qwen3-30B-A3B, 8,192 tokens on each GPU.
Config qwen3_30b_a3b(int num_ranks) {
  Config config;
  ModelConfig& model = config.model;
  model.hidden = 2048;
  model.num_layers = 48;
  model.num_heads = 32;
  model.num_kv_heads = 4;
  model.head_dim = 128;
  model.tie_embeddings = false;
  model.num_experts = 128;
  model.expert_hidden = 768;
  config.router.top_k = 8;
  config.router.payload = Payload::bf16;
  config.data.sequence_length = 4096;
  config.train.micro_batch_size = 2;
  config.train.global_batch_size = 2 * num_ranks;
  config.train.exact = false;
  config.train.precision = FloatFormat::bf16;
  config.run.device = Device::Kind::cuda;
  config.parallel.experts = "8";
  return config;
}

double seconds_of(const std::string& part, const Roofline& roofline) {
  for (const RooflineRow& row : roofline.rows)
    if (row.part == part) return row.seconds();
  ADD_FAILURE() << "no row " << part;
  return 0.0;
}

double together(const std::vector<std::string>& parts, const Roofline& roofline) {
  double seconds = 0.0;
  for (const std::string& part : parts) seconds += seconds_of(part, roofline);
  return seconds;
}

// The seconds of a calculation by hand, for 8,192 tokens on an H100 of eight.
TEST(GpuRoofline, AgreesWithTheCalculationByHand) {
  const RunShape shape = run_shape(qwen3_30b_a3b(8), vocabulary, 8, 8, 1);
  EXPECT_NEAR(training_flops_per_token(shape) / 23.1e9, 1.0, 0.02);
  const Roofline roofline = gpu_roofline(shape, gpu_of("h100"), 0.0);
  EXPECT_NEAR(seconds_of("scores", roofline), 0.47, 0.02);
  EXPECT_NEAR(seconds_of("scores back", roofline), 2.10, 0.06);
  EXPECT_NEAR(seconds_of("projections", roofline), 0.11, 0.01);
  EXPECT_NEAR(seconds_of("experts", roofline), 0.47, 0.02);
  // By hand it was 25 GB a layer; what the kernels read and write, listed, is 19.
  EXPECT_NEAR(seconds_of("elements", roofline), 0.60, 0.15);
  EXPECT_NEAR(seconds_of("rows", roofline), 0.18, 0.04);
  // 48 rows at a time would take 0.22 s.
  EXPECT_NEAR(together({"head", "head's table"}, roofline), 0.045, 0.015);
  const double update = together({"reduce", "gather", "optimizer", "zero"}, roofline);
  EXPECT_NEAR(roofline.step_seconds() - update, 4.04, 0.3);
  EXPECT_NEAR(roofline.flops_share(shape), 0.045, 0.005);
}

TEST(GpuRoofline, WorkGrowsWithMicroBatchesAndRecomputation) {
  Config config = qwen3_30b_a3b(8);
  const Roofline once = gpu_roofline(run_shape(config, vocabulary, 8, 8, 1), gpu_of("h100"), 0.0);
  config.train.recompute_layers = 48;
  const RunShape again = run_shape(config, vocabulary, 8, 8, 1);
  const Roofline recomputed = gpu_roofline(again, gpu_of("h100"), 0.0);
  EXPECT_NEAR(seconds_of("scores", recomputed) / seconds_of("scores", once), 2.0, 1e-9);
  EXPECT_NEAR(seconds_of("scores back", recomputed) / seconds_of("scores back", once), 1.0, 1e-9);
  EXPECT_NEAR(seconds_of("experts", recomputed) / seconds_of("experts", once), 4.0 / 3.0, 1e-9);
  EXPECT_LT(recomputed.flops_share(again), once.flops_share(again));
  config.train.recompute_layers = 0;
  config.train.global_batch_size *= 4;
  const Roofline more = gpu_roofline(run_shape(config, vocabulary, 8, 8, 1), gpu_of("h100"), 0.0);
  for (const char* part : {"scores", "experts", "head", "elements", "rows", "launches"})
    EXPECT_NEAR(seconds_of(part, more) / seconds_of(part, once), 4.0, 1e-9) << part;
  for (const char* part : {"reduce", "gather", "optimizer", "zero"})
    EXPECT_EQ(seconds_of(part, more), seconds_of(part, once)) << part;
}

// A module that the step leaves out costs its update alone; one that it computes is a layer and a
// head more.
TEST(GpuRoofline, ModulesOfMultiTokenPredictionCountIfTheyAreComputed) {
  Config config = qwen3_30b_a3b(8);
  const auto roofline = [&] {
    return gpu_roofline(run_shape(config, vocabulary, 8, 8, 1), gpu_of("h100"), 0.0);
  };
  const Roofline plain = roofline();
  config.model.mtp_depth = 1;
  const Roofline computed = roofline();
  config.train.mtp_weight = 0.0;
  const Roofline left_out = roofline();
  for (const char* part : {"scores", "projections", "experts", "head", "head's table", "elements"})
    EXPECT_NEAR(seconds_of(part, left_out) / seconds_of(part, plain), 1.0, 1e-9) << part;
  for (const char* part : {"scores", "projections", "experts"})
    EXPECT_NEAR(seconds_of(part, computed) / seconds_of(part, plain), 49.0 / 48.0, 1e-9) << part;
  for (const char* part : {"head", "head's table"})
    EXPECT_NEAR(seconds_of(part, computed) / seconds_of(part, plain), 2.0, 1e-9) << part;
}

TEST(GpuRoofline, SeveralNodesNeedTheirNetwork) {
  Config config = qwen3_30b_a3b(16);
  config.parallel.experts = "16";
  const RunShape shape = run_shape(config, vocabulary, 16, 8, 1);
  EXPECT_THROW(gpu_roofline(shape, gpu_of("h100"), 0.0), Error);
  const Roofline roofline = gpu_roofline(shape, gpu_of("h100"), 50e9);
  // Of 15 other ranks 8 are on the other node.
  EXPECT_NEAR(seconds_of("rows between nodes", roofline) * 50e9, step_traffic(shape).rows * 8 / 15,
              1.0);
  EXPECT_THROW(gpu_of("v100"), Error);
}

// What a GPU has to hold: 82 GB with f32 moments, 67 with bf16 ones, before activations.
TEST(GpuRoofline, MemoryOfTheStateAgreesWithTheCalculationByHand) {
  Config config = qwen3_30b_a3b(8);
  const auto state = [&] {
    std::int64_t bytes = 0;
    for (const MemoryKind& kind : memory_plan(run_shape(config, vocabulary, 8, 8, 1), 0))
      if (kind.name == "values" || kind.name == "rounded values" || kind.name == "gradients" ||
          kind.name == "moments")
        bytes += kind.on_gpu ? kind.bytes : 0;
    return static_cast<double>(bytes);
  };
  EXPECT_NEAR(state() / 82e9, 1.0, 0.03);
  config.train.moments = FloatFormat::bf16;
  EXPECT_NEAR(state() / 67e9, 1.0, 0.03);
}

// A GPU takes 1,760 rows of logits at a time, where a CPU takes 48, and rounds them to bf16.
TEST(GpuRoofline, MemoryOfActivationsIsThatOfAGpu) {
  Config config = qwen3_30b_a3b(8);
  const auto bytes = [&](const char* name) {
    for (const MemoryKind& kind : memory_plan(run_shape(config, vocabulary, 8, 8, 1), 0))
      if (kind.name == name) return kind.bytes;
    return std::int64_t{0};
  };
  const std::int64_t on_gpu = bytes("activations");
  constexpr std::int64_t rows = 1760;
  EXPECT_EQ(bytes("rounding scratch"),
            2 * std::max(rows * (vocabulary + 2048), std::int64_t{81920} * (2048 + 768)));
  EXPECT_GT(bytes("GPU libraries"), std::int64_t{1} << 30);
  config.run.device = Device::Kind::cpu;
  EXPECT_EQ(bytes("rounding scratch") + bytes("GPU libraries"), 0);
  EXPECT_GT(on_gpu, bytes("activations"));
}

}  // namespace gpu_roofline_test
}  // namespace switchyard::plan
