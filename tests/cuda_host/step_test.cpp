// Whole training steps on emulated GPUs: what the host computes within tolerance, and in exact mode
// the same bits on any layout of GPUs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "runtime/device/host_access.h"
#include "tests/cuda_host/device.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace step_test {

// Experts by (step, micro-batch, layer): a choice that flips by a rounding would exceed any
// tolerance.
class MemoryTape final : public RoutingTape {
 public:
  bool replay(const Batch& batch, int layer, Tensor expert) override {
    const auto found = choices_.find({batch.step, batch.index, layer});
    if (found == choices_.end()) return false;
    std::copy(found->second.begin(), found->second.end(), expert.as<std::int32_t>());
    return true;
  }
  void record(const Batch& batch, int layer, Tensor expert) override {
    choices_[{batch.step, batch.index, layer}].assign(expert.as<std::int32_t>(),
                                                      expert.as<std::int32_t>() + expert.size());
  }

 private:
  std::map<std::tuple<std::int64_t, std::int64_t, int>, std::vector<std::int32_t>> choices_;
};

enum class Gpus { own, shared };

Device gpu_of(Gpus gpus, int rank) {
  return Device::cuda(gpus == Gpus::own ? rank % Device::num_cuda() : 0);
}

SmallConfig config_on(Device device, bool exact) {
  SmallConfig config;
  config.device = device;
  config.train.exact = exact;
  config.train.global_batch_size = 8;
  config.model.qk_norm = QkNorm::head;
  return config;
}

std::vector<float> values_of(SmallRun& run) {
  std::vector<float> values;
  run.stream().synchronize();
  for (const ParamRegion& region : run.model().params().regions()) {
    const Tensor flat = region.values();
    const std::size_t begin = values.size();
    values.resize(begin + static_cast<std::size_t>(flat.size()));
    read_now(flat, values.data() + begin);
  }
  return values;
}

void expect_same_training(const SmallConfig& host, Gpus gpus) {
  const int ranks = test_world().size(), rank = test_world().rank();
  MemoryTape tape;
  SmallConfig device = host;
  device.device = gpu_of(gpus, rank);
  SmallRun on_host(host, test_world().split(0, rank), ranks, &tape);
  SmallRun on_gpu(device, test_world().split(0, rank), ranks, &tape);
  for (std::int64_t step = 0; step < 2; ++step) {
    const StepReport a = on_host.step(step), b = on_gpu.step(step);
    EXPECT_NEAR(a.loss, b.loss, 2e-5 * a.loss);
    EXPECT_NEAR(a.balance_loss, b.balance_loss, 2e-5 * a.balance_loss + 1e-9);
    EXPECT_NEAR(a.gradient_norm, b.gradient_norm, 1e-4 * a.gradient_norm);
  }
  const std::vector<float> a = values_of(on_host), b = values_of(on_gpu);
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_NEAR(a[i], b[i], 2e-3) << i;  // AdamW's first steps are signs
}

TEST(CudaStep, TrainsAsTheHostDoes) {
  expect_same_training(config_on(Device::cpu(), false), Gpus::own);
}

TEST(CudaStep, RanksThatShareAGpuTrainAsTheHostDoes) {
  expect_same_training(config_on(Device::cpu(), true), Gpus::shared);
}

TEST(CudaStep, GatesOfOtherKindsTrainAsOnTheHost) {
  SmallConfig config = config_on(Device::cpu(), false);
  config.router.gate = GateKind::sigmoid;
  config.router.normalize = true;
  config.router.bias_rate = 0.5F;
  config.router.bias_update = BiasUpdate::quantile;
  config.router.balance_over = BalanceOver::sequence;
  config.router.payload = Payload::int8;
  config.router.capacity_factor = 1.2F;
  config.model.tie_embeddings = false;
  config.model.norm_placement = NormPlacement::after;
  config.model.shared_expert_gate = true;
  expect_same_training(config, Gpus::own);
}

TEST(CudaStep, AttentionsPartsTrainAsOnTheHost) {
  SmallConfig config = config_on(Device::cpu(), false);
  config.model.qk_norm = QkNorm::projection;
  config.model.qkv_bias = config.model.o_bias = true;
  config.model.window = 6;
  config.model.window_layers = {1};
  config.model.rope = {.type = RopeType::llama3, .factor = 4.0, .original_length = 12};
  expect_same_training(config, Gpus::own);
}

TEST(CudaStep, ModulesOfMultiTokenPredictionTrainAsOnTheHost) {
  SmallConfig config = config_on(Device::cpu(), false);
  config.model.mtp_depth = 2;
  expect_same_training(config, Gpus::own);
}

TEST(CudaStep, SumsOfProductsTrainAsOnTheHost) {
  SmallConfig config = config_on(Device::cpu(), false);
  config.model.adapter = {
      .rank = 5, .alpha = 20.0, .targets = {"attention", "experts", "layer1.router", "ffn"}};
  expect_same_training(config, Gpus::own);
  config.train.exact = true;
  config.model.adapter = {};
  config.model.low_rank = {.rank = 8, .layers = {0, 1}};
  config.train.precision = FloatFormat::f32;
  expect_same_training(config, Gpus::shared);
}

// What docs/cuda.md counts: the host learns how many rows each expert has, how rows are relayed,
// the losses, the overflow and the norm, and waits for nothing else. The same step over and over
// needs no memory that the first did not leave.
void expect_waits_per_layer(const RouterConfig& router, std::int64_t waits) {
  SmallConfig config = config_on(gpu_of(Gpus::own, test_world().rank()), false);
  config.train.learning_rate = 0.0;
  config.train.global_batch_size = 2 * config.train.micro_batch_size * test_world().size();
  config.sequence_length = 8;
  config.router = router;
  SmallRun run(config, test_world().split(0, test_world().rank()), test_world().size());
  for (int repeat = 0; repeat < 2; ++repeat) run.step(0);
  constexpr std::int64_t micro_batches = 2, of_losses = 1, of_step = 2;
  const std::int64_t of_comparison = test_world().size() > 1 ? 2 : 0;
  const cuda_host::Calls before = cuda_host::calls;
  run.step(0);
  EXPECT_EQ(cuda_host::calls.waits - before.waits,
            micro_batches * (waits + of_losses) + of_step + of_comparison)
      << name_of(router.gate) << ", " << name_of(router.exchange);
  EXPECT_EQ(cuda_host::calls.allocations - before.allocations, 0);
}

// What a layer more adds to a micro-batch.
cuda_host::Calls calls_of_layer(SmallConfig config) {
  config.train.learning_rate = 0.0;
  config.train.global_batch_size = 2 * config.train.micro_batch_size * test_world().size();
  config.device = gpu_of(Gpus::own, test_world().rank());
  std::array<cuda_host::Calls, 2> of_step;
  for (std::size_t more = 0; more < 2; ++more) {
    config.model.num_layers = 2 + static_cast<int>(more);
    SmallRun run(config, test_world().split(0, test_world().rank()), test_world().size());
    run.step(0);
    const cuda_host::Calls before = cuda_host::calls;
    run.step(0);
    of_step[more] = {.launches = cuda_host::calls.launches - before.launches,
                     .fills = cuda_host::calls.fills - before.fills,
                     .copies = cuda_host::calls.copies - before.copies};
  }
  constexpr std::int64_t micro_batches = 2;
  const auto per = [&](std::int64_t cuda_host::Calls::*what) {
    return (of_step[1].*what - of_step[0].*what) / micro_batches;
  };
  return {.launches = per(&cuda_host::Calls::launches),
          .fills = per(&cuda_host::Calls::fills),
          .copies = per(&cuda_host::Calls::copies)};
}

// What docs/cuda.md counts: a GPU takes some microseconds for each.
TEST(CudaStep, ALayerQueuesAsMuchAsDocumented) {
  for (const int experts : {4, 8}) {
    SmallConfig config = config_on(Device::cpu(), false);
    config.model.num_experts = experts;
    const cuda_host::Calls calls = calls_of_layer(config);
    // Where rows come from several ranks, each rank's results are unpacked by a kernel.
    const std::int64_t others = test_world().size() - 1;
    EXPECT_LE(calls.launches, 95 + 3 * others);
    if (others == 1) {
      EXPECT_EQ(calls.launches, 98);
    }
    EXPECT_EQ(calls.fills, 1);
    EXPECT_EQ(calls.copies, 27);
  }
}

TEST(CudaStep, ASteadyStepWaitsAsOftenAsDocumentedAndAllocatesNothing) {
  expect_waits_per_layer({}, 1);
  expect_waits_per_layer({.gate = GateKind::hash}, 1);
  expect_waits_per_layer({.exchange = ExchangeKind::pipelined, .exchange_chunks = 2}, 1);
  expect_waits_per_layer({.exchange = ExchangeKind::hierarchical, .ranks_per_node = 2}, 2);
}

// In exact mode: one GPU alone, and all ranks of this program; with bf16 too.
TEST(CudaStep, ExactModeGivesTheSameBitsOnAnyNumberOfGpus) {
  const int rank = test_world().rank();
  const auto outcome = [&](std::unique_ptr<Comm> world, int degree, FloatFormat precision,
                           std::int64_t steps) {
    SmallConfig config = config_on(gpu_of(Gpus::own, rank), true);
    config.router.balance_step = StepBalance::always;  // guests, where a group has several ranks
    config.train.precision = precision;
    if (config.train.precision == FloatFormat::bf16) config.train.global_batch_size = 4;
    SmallRun run(config, std::move(world), degree);
    const std::vector<double> losses = run.losses(0, steps);
    return std::pair{losses, run.state_hash()};
  };
  const auto expect_as_alone = [&](const std::vector<int>& degrees, FloatFormat precision,
                                   std::int64_t steps) {
    std::vector<decltype(outcome(nullptr, 1, precision, steps))> together;
    for (const int degree : degrees)
      together.push_back(outcome(test_world().split(0, rank), degree, precision, steps));
    std::unique_ptr<Comm> own = test_world().split(rank, 0);
    if (rank != 0) return;  // all of `together` is the same on all ranks
    EXPECT_THAT(together, testing::Each(outcome(std::move(own), 1, precision, steps)));
  };
  expect_as_alone({test_world().size(), 1}, FloatFormat::f32, 2);
  expect_as_alone({test_world().size()}, FloatFormat::bf16, 1);
}

}  // namespace step_test
}  // namespace switchyard
