// What a training step asks of an emulated GPU and its host.
#include <gtest/gtest.h>

#include <array>

#include "tests/cuda_host/device.h"
#include "tests/cuda_host/gpus.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace step_test {

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

}  // namespace step_test
}  // namespace switchyard
