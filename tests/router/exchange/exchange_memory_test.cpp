// What exchange_memory.h counts against what a round trip takes.
#include "router/exchange/exchange_memory.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "router/exchange/exchange_choice.h"
#include "router/exchange/workload.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace exchange_memory_test {

constexpr std::int64_t hidden = 48, tokens = 64;
constexpr int num_experts = 8;

struct Bytes {
  std::int64_t used, counted;
};

// Of a round trip of one rank's rows.
Bytes bytes_of(const RouterConfig& config, bool weighted) {
  Stream stream = Stream::cpu(1);
  Comm& world = test_world();
  const Workload workload("balanced", {.tokens = tokens,
                                       .top_k = config.top_k,
                                       .num_experts = num_experts,
                                       .num_ranks = world.size()});
  const DrawnRouting drawn = workload.draw(world.rank(), 0);
  const std::unique_ptr<Exchange> exchange =
      make_exchange(config, {hidden, num_experts, tokens}, world, stream).exchange;
  const Placement placement(num_experts, world.size());
  Arena indices, arena;
  const auto prepared = exchange->prepare(
      make_plan(drawn.routing, placement, world, indices, stream), indices, stream);
  const Plan& plan = prepared->plan;
  const Buffer x({tokens, hidden}, DType::f32), rows({plan.num_shard_rows, hidden}, DType::f32),
      slots({plan.num_slots, hidden}, DType::f32);
  Arena results;
  exchange->round_trip(
      {x, weighted ? drawn.routing.weight : Tensor{}, rows,
       exchange->take_results(plan, hidden, results), slots},
      *prepared, [](const Chunk&) {}, arena, stream);

  const auto rank = static_cast<std::size_t>(world.rank());
  const std::int64_t bound = std::max(plan.num_slots, plan.num_received);
  Arena counting = Arena::counting(Device::cpu());
  count_round_trip(config,
                   {.slots = plan.num_slots,
                    .received = plan.num_received,
                    .own = plan.send[rank],
                    .crossings = plan.num_slots,
                    .crossed = bound,
                    .relayed = bound,
                    .hosted = plan.hosted[rank]},
                   hidden, weighted, counting);
  return {arena.high_water_bytes(), counting.high_water_bytes()};
}

template <class Check>
void for_round_trips(ExchangeKind exchange, Check check) {
  for (const Payload payload : {Payload::f32, Payload::bf16, Payload::int8}) {
    for (const bool weighted : {false, true}) {
      SCOPED_TRACE(
          fmt::format("{} {}, weighted: {}", name_of(exchange), name_of(payload), weighted));
      RouterConfig config;
      config.top_k = 2;
      config.exchange = exchange;
      config.payload = payload;
      check(bytes_of(config, weighted));
    }
  }
}

TEST(ExchangeMemory, IsThatOfAFlatExchange) {
  for_round_trips(ExchangeKind::flat,
                  [](const Bytes& bytes) { EXPECT_EQ(bytes.counted, bytes.used); });
}

TEST(ExchangeMemory, CoversAPipelinedExchange) {
  for_round_trips(ExchangeKind::pipelined, [](const Bytes& bytes) {
    EXPECT_GE(bytes.counted, bytes.used);
    EXPECT_LE(static_cast<double>(bytes.counted), 1.5 * static_cast<double>(bytes.used));
  });
}

TEST(ExchangeMemory, CoversAHierarchicalExchange) {
  for_round_trips(ExchangeKind::hierarchical,
                  [](const Bytes& bytes) { EXPECT_GE(bytes.counted, bytes.used); });
}

TEST(ExchangeMemory, CoversSharedMemory) {
  for_round_trips(ExchangeKind::shared_memory,
                  [](const Bytes& bytes) { EXPECT_GE(bytes.counted, bytes.used); });
}

TEST(ExchangeMemory, OfAutoIsTheMostOfThoseItTries) {
  RouterConfig config;
  const ExchangeRows rows{.slots = 100,
                          .received = 90,
                          .own = 30,
                          .crossings = 80,
                          .crossed = 70,
                          .relayed = 100,
                          .hosted = 4};
  std::int64_t most = 0;
  const auto count = [&](ExchangeKind exchange) {
    config.exchange = exchange;
    Arena arena = Arena::counting(Device::cpu());
    count_round_trip(config, rows, hidden, true, arena);
    return arena.high_water_bytes();
  };
  for (const ExchangeKind exchange :
       {ExchangeKind::flat, ExchangeKind::shared_memory, ExchangeKind::hierarchical})
    most = std::max(most, count(exchange));
  EXPECT_EQ(count(ExchangeKind::automatic), most);
}

}  // namespace exchange_memory_test
}  // namespace switchyard
