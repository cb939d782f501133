// Every exchange moves the rows of emulated GPUs to the right places, bit by bit, by NCCL's double
// and by way of the host.
#include "router/exchange/exchange_choice.h"

#include <gtest/gtest.h>

#include "router/exchange/exchange_oracle.h"
#include "runtime/comm/device_comm.h"
#include "runtime/device/host_access.h"
#include "tests/cuda_host/device.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace exchange_test {

constexpr std::int64_t hidden = 24, tokens = 32;
constexpr int num_experts = 7, top_k = 3;

Workload workload_on(int ranks) {
  return {"zipf",
          {.tokens = tokens,
           .top_k = top_k,
           .num_experts = num_experts,
           .num_ranks = ranks,
           .ranks_per_node = 2}};
}

// Rows and slots that a round trip got wrong, over all ranks.
std::int64_t wrong_rows(const RouterConfig& config, Device device) {
  const int ranks = test_world().size(), rank = test_world().rank();
  Stream stream = Stream::cuda(device);
  const auto comm = make_device_world(test_world().split(0, rank), device).comm;
  const auto exchange =
      make_exchange(config, {hidden, num_experts, tokens, device}, *comm, stream).exchange;
  const Placement placement(num_experts, ranks);
  const Workload workload = workload_on(ranks);
  const ExchangeOracle oracle([&](int source) { return workload.draw(source, 0); }, placement,
                              config.payload, hidden, rank);
  Arena arena(device);
  const auto prepared = exchange->prepare(
      make_plan(oracle.mine().routing, placement, *comm, arena, stream), arena, stream);
  const Plan& plan = prepared->plan;
  const Tensor weight = on_device(oracle.mine().routing.weight, arena, stream);
  HostWrite x(arena.take({oracle.mine().tokens(), hidden}), stream);
  oracle.fill(x.tensor());
  const Tensor rows = arena.take({plan.num_shard_rows, hidden}),
               slots = arena.take({plan.num_slots, hidden});
  HostWrite results(arena.take(rows.shape), stream);
  exchange->round_trip(
      {x.send(), weight, rows, results.target(), slots}, *prepared,
      [&](const Chunk& chunk) {
        const HostRead here(rows, stream);
        oracle.work(chunk, here.tensor(), results.tensor());
        results.send();
      },
      arena, stream);
  const HostRead rows_here(rows, stream), slots_here(slots, stream);
  const std::int64_t wrong = oracle.wrong_rows(rows_here.tensor(), true, row_tile_on(device)) +
                             oracle.wrong_slots(slots_here.tensor(), true);
  return reduce_one(test_world(), wrong, Reduce::sum);
}

void expect_right(const RouterConfig& config) {
  for (const bool shared : {false, true}) {
    const Device device = Device::cuda(shared ? 0 : test_world().rank());
    EXPECT_EQ(wrong_rows(config, device), 0)
        << name_of(config.exchange) << " " << name_of(config.payload)
        << (shared ? " on one GPU" : "");
  }
}

TEST(CudaExchange, MovesEveryRow) {
  for (const bool eager : {false, true}) {
    cuda_host::set_eager(eager);
    for (const ExchangeKind kind : {ExchangeKind::flat, ExchangeKind::hierarchical,
                                    ExchangeKind::pipelined, ExchangeKind::automatic}) {
      for (const Payload payload : {Payload::f32, Payload::int8}) {
        RouterConfig config;
        config.top_k = top_k;
        config.exchange = kind;
        config.payload = payload;
        config.exchange_chunks = 3;
        config.ranks_per_node = 2;
        expect_right(config);
      }
    }
  }
  cuda_host::set_eager(false);
}

TEST(CudaExchange, RefusesMemoryThatOnlyHostsShare) {
  RouterConfig config;
  config.exchange = ExchangeKind::shared_memory;
  EXPECT_THROW(wrong_rows(config, Device::cuda(test_world().rank())), Error);
}

}  // namespace exchange_test
}  // namespace switchyard
