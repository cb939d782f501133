// Whole training steps on GPUs, emulated or real: what the host computes within tolerance, and in
// exact mode the same bits on any layout of GPUs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <tuple>

#include "runtime/device/host_access.h"
#include "tests/cuda_host/gpus.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace training_test {

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

TEST(CudaTraining, TrainsAsTheHostDoes) {
  expect_same_training(config_on(Device::cpu(), false), Gpus::own);
}

TEST(CudaTraining, RanksThatShareAGpuTrainAsTheHostDoes) {
  expect_same_training(config_on(Device::cpu(), true), Gpus::shared);
}

TEST(CudaTraining, GatesOfOtherKindsTrainAsOnTheHost) {
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

TEST(CudaTraining, AttentionsPartsTrainAsOnTheHost) {
  SmallConfig config = config_on(Device::cpu(), false);
  config.model.qk_norm = QkNorm::projection;
  config.model.qkv_bias = config.model.o_bias = true;
  config.model.window = 6;
  config.model.window_layers = {1};
  config.model.rope = {.type = RopeType::llama3, .factor = 4.0, .original_length = 12};
  expect_same_training(config, Gpus::own);
}

TEST(CudaTraining, ModulesOfMultiTokenPredictionTrainAsOnTheHost) {
  SmallConfig config = config_on(Device::cpu(), false);
  config.model.mtp_depth = 2;
  expect_same_training(config, Gpus::own);
}

TEST(CudaTraining, SumsOfProductsTrainAsOnTheHost) {
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

// In exact mode: one GPU alone, and all ranks of this program; with bf16 too.
TEST(CudaTraining, ExactModeGivesTheSameBitsOnAnyNumberOfGpus) {
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

}  // namespace training_test
}  // namespace switchyard
