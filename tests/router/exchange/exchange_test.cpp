#include "router/exchange/exchange_choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "experts/balanced_placement.h"
#include "router/exchange/exchange_oracle.h"
#include "router/exchange/shared_memory_exchange.h"
#include "router/row_ops.h"
#include "runtime/error.h"
#include "tests/faulty_comm.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace exchange_test {

constexpr std::int64_t hidden = 24;

struct Case {
  ExchangeKind exchange = ExchangeKind::flat;
  Payload payload = Payload::f32;
  std::string workload = "zipf";
  int ranks_per_node = 0, num_experts = 7, top_k = 3;
  std::int64_t tokens = 48;
  int extra_copies = 0;  // if any, experts are in no particular order

  std::string text() const {
    return fmt::format("{} {} {}, {} ranks per node, {} experts, top-{}, {} extra copies",
                       name_of(exchange), name_of(payload), workload, ranks_per_node, num_experts,
                       top_k, extra_copies);
  }
  Placement placement() const {
    const int ranks = test_world().size(), wanted = num_experts + extra_copies;
    const Placement ordered(num_experts, ranks,
                            Placement::max_num_replicas(num_experts, ranks, wanted));
    if (extra_copies == 0) return ordered;
    std::vector<std::int64_t> load;
    for (int e = 0; e < num_experts; ++e) load.push_back((e * 5 + 3) % num_experts);
    return balanced_placement(ordered, load,
                              {std::vector<int>(static_cast<std::size_t>(ranks), 0), {}});
  }
};

// One rank's side of an exchange, and what the oracle says of it.
class Exchanged {
 public:
  // exchange: nullptr for the case's.
  explicit Exchanged(const Case& c, std::int64_t step = 0,
                     std::unique_ptr<Exchange> exchange = nullptr)
      : placement_(c.placement()),
        oracle_(draw_of(c, step), placement_, c.payload, hidden, test_world().rank()) {
    RouterConfig config;
    config.exchange = c.exchange;
    config.payload = c.payload;
    config.ranks_per_node = c.ranks_per_node;
    config.exchange_chunks = 3;
    config.top_k = c.top_k;
    exchange_ = std::move(exchange);
    if (!exchange_) {
      exchange_ =
          make_exchange(config, {hidden, c.num_experts, c.tokens}, test_world(), stream_).exchange;
    }
    const Routing& routing = oracle_.mine().routing;
    prepared_ = exchange_->prepare(make_plan(routing, placement_, test_world(), arena_, stream_),
                                   arena_, stream_);
    const Plan& plan = prepared_->plan;
    x_ = arena_.take({oracle_.mine().tokens(), hidden});
    oracle_.fill(x_);
    rows_ = not_a_number(plan.num_shard_rows);
    results_ = exchange_->take_results(plan, hidden, arena_);
    std::fill_n(results_.as<float>(), results_.size(), NAN);
    slots_ = not_a_number(plan.num_slots);
  }

  Tensor weight(bool weighted) const { return weighted ? oracle_.mine().routing.weight : Tensor{}; }
  // Wrong rows of a dispatch, then of the combine that follows it, over all ranks.
  std::int64_t wrong_apart(bool weighted) {
    exchange_->dispatch(x_, weight(weighted), *prepared_, rows_, arena_, stream_);
    oracle_.work({prepared_->plan.segments}, rows_, results_);
    exchange_->combine(results_, *prepared_, slots_, arena_, stream_);
    return wrong(weighted);
  }
  std::int64_t wrong_together(bool weighted) {
    exchange_->round_trip(
        {x_, weight(weighted), rows_, results_, slots_}, *prepared_,
        [&](const Chunk& chunk) { oracle_.work(chunk, rows_, results_); }, arena_, stream_);
    return wrong(weighted);
  }
  std::int64_t wrong(bool weighted) {
    return reduce_one(test_world(),
                      oracle_.wrong_rows(rows_, weighted) + oracle_.wrong_slots(slots_, weighted),
                      Reduce::sum);
  }
  Tensor rows() const { return rows_; }
  Tensor slots() const { return slots_; }

 private:
  static std::function<DrawnRouting(int)> draw_of(const Case& c, std::int64_t step) {
    return [workload = Workload(c.workload, {.tokens = c.tokens,
                                             .top_k = c.top_k,
                                             .num_experts = c.num_experts,
                                             .num_ranks = test_world().size()}),
            step](int rank) { return workload.draw(rank, step); };
  }
  Tensor not_a_number(std::int64_t count) {
    const Tensor tensor = arena_.take({count, hidden});
    std::fill_n(tensor.as<float>(), tensor.size(), NAN);
    return tensor;
  }

  Stream stream_ = Stream::cpu(1);
  Arena arena_;
  Placement placement_;
  ExchangeOracle oracle_;
  std::unique_ptr<const PreparedPlan> prepared_;
  Tensor x_, rows_, results_, slots_;
  std::unique_ptr<Exchange> exchange_;
};

// The weights make rows of the second exchange differ from what the first one left behind.
void expect_right_bits(const Case& c) {
  Exchanged exchanged(c);
  EXPECT_EQ(exchanged.wrong_apart(false), 0) << c.text();
  EXPECT_EQ(exchanged.wrong_together(true), 0) << c.text() << ", weighted, in chunks";
}

TEST(Exchange, EveryStrategyMovesEveryWorkloadToTheBit) {
  for (const ExchangeKind kind : exchange_kinds) {
    for (const Workload::Kind& workload : Workload::kinds())
      expect_right_bits({.exchange = kind, .workload = workload.name});
  }
}

TEST(Exchange, EveryPayloadIsRoundedOnceByEveryStrategy) {
  for (const ExchangeKind kind : exchange_kinds) {
    for (const Payload payload : {Payload::bf16, Payload::int8})
      expect_right_bits({.exchange = kind, .payload = payload, .workload = "ragged"});
  }
}

// 1 rank per node: all rows cross. 2 of 3 ranks: uneven nodes. 3 of 4: a node of one rank.
TEST(Exchange, EveryStrategyCrossesNodes) {
  for (const ExchangeKind kind : exchange_kinds) {
    for (const int ranks_per_node : {1, 2, 3}) {
      for (const char* workload : {"zipf", "empty_rank"}) {
        expect_right_bits(
            {.exchange = kind, .workload = workload, .ranks_per_node = ranks_per_node});
      }
    }
  }
}

TEST(Exchange, EveryStrategyTakesExtremeShapes) {
  for (const ExchangeKind kind : exchange_kinds) {
    expect_right_bits({.exchange = kind, .num_experts = 1, .top_k = 1});  // ranks without experts
    expect_right_bits({.exchange = kind, .num_experts = 5, .top_k = 5});  // every token everywhere
    expect_right_bits({.exchange = kind, .num_experts = 64, .top_k = 2, .tokens = 16});
    expect_right_bits({.exchange = kind, .workload = "hot_rank", .ranks_per_node = 2, .tokens = 0});
  }
}

TEST(Exchange, EveryStrategyServesExpertsAnywhereAndTheirCopies) {
  for (const ExchangeKind kind : exchange_kinds) {
    expect_right_bits({.exchange = kind, .ranks_per_node = 2, .extra_copies = 4});
    expect_right_bits({.exchange = kind, .workload = "empty_rank", .extra_copies = 100});
  }
}

// One exchange serves all layers of a model, with more rows and fewer.
TEST(Exchange, EveryStrategyServesManyPlans) {
  for (const ExchangeKind kind : exchange_kinds) {
    Exchanged small({.exchange = kind, .tokens = 16}), large({.exchange = kind, .tokens = 160});
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(small.wrong_apart(i == 1), 0) << name_of(kind);
      EXPECT_EQ(large.wrong_together(i == 1), 0) << name_of(kind);
    }
  }
}

// The world, on nodes without room for shared windows.
FaultyComm cramped_world() {
  return FaultyComm(
      test_world().split(0, test_world().rank()), [](Struck, Tensor) {}, false);
}

// As in a container whose /dev/shm is small: the node's rows then go through MPI.
TEST(Exchange, SharedMemoryWithoutRoomSendsTheSameBits) {
  FaultyComm cramped = cramped_world();
  for (const Payload payload : {Payload::f32, Payload::bf16}) {
    for (const int ranks_per_node : {0, 2}) {
      auto exchange = std::make_unique<SharedMemoryExchange>(
          payload, hidden, ranks_per_node, SharedMemoryExchange::WithoutRoom::sends, cramped);
      const Exchange& shared = *exchange;
      Exchanged exchanged({.payload = payload}, 0, std::move(exchange));
      EXPECT_EQ(shared.name(), "flat");
      EXPECT_EQ(exchanged.wrong_apart(false), 0);
      EXPECT_EQ(exchanged.wrong_together(true), 0);
    }
  }
}

TEST(Exchange, AutoTakesNoStrategyThatHasNoRoom) {
  FaultyComm cramped = cramped_world();
  Stream stream = Stream::cpu(1);
  RouterConfig config;
  config.exchange = ExchangeKind::automatic;
  const ChosenExchange chosen = make_exchange(config, {hidden, 7, 48}, cramped, stream);
  EXPECT_EQ(chosen.exchange->name(), "flat") << chosen.why;
}

TEST(Exchange, SharedMemoryByNameNeedsRoom) {
  FaultyComm cramped = cramped_world();
  Stream stream = Stream::cpu(1);
  RouterConfig config;
  config.exchange = ExchangeKind::shared_memory;
  const auto exchange = make_exchange(config, {hidden, 7, 48}, cramped, stream).exchange;
  Arena arena;
  const Workload workload("balanced",
                          {.tokens = 48, .num_experts = 7, .num_ranks = cramped.size()});
  const DrawnRouting drawn = workload.draw(cramped.rank(), 0);
  Plan plan = make_plan(drawn.routing, Placement(7, cramped.size()), cramped, arena, stream);
  try {
    exchange->prepare(std::move(plan), arena, stream);
    ADD_FAILURE() << "prepared without room";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::storage);
    EXPECT_NE(std::string(error.what()).find("/dev/shm has no room"), std::string::npos);
  }
}

TEST(Exchange, TheOracleFindsOneWrongBit) {
  Exchanged exchanged({});
  EXPECT_EQ(exchanged.wrong_apart(false), 0);
  const bool breaks = test_world().rank() == 0;
  auto* bits = static_cast<std::uint8_t*>((breaks ? exchanged.slots() : Tensor{}).data);
  if (breaks) bits[7 * hidden * 4] ^= 1U;
  EXPECT_EQ(exchanged.wrong(false), 1);
}

// Law 1: combine(dispatch(x)) with identity experts is x, bit for bit, for weights 1/2 + 1/2.
TEST(Exchange, RoundTripWithIdentityExpertsIsTheIdentity) {
  const Workload workload("empty_rank", {.tokens = 32, .num_ranks = test_world().size()});
  DrawnRouting drawn = workload.draw(test_world().rank(), 0);
  std::fill(drawn.weight.begin(), drawn.weight.end(), 0.5F);
  Stream stream = Stream::cpu(1);
  Arena arena;
  const Plan plan =
      make_plan(drawn.routing, Placement(8, test_world().size()), test_world(), arena, stream);
  for (const ExchangeKind kind : exchange_kinds) {
    RouterConfig config;
    config.exchange = kind;
    const auto exchange = make_exchange(config, {hidden, 8, 32}, test_world(), stream).exchange;
    const auto prepared = exchange->prepare(plan, arena, stream);
    const Tensor x = arena.take({drawn.tokens(), hidden}), out = arena.take(x.shape);
    for (std::int64_t i = 0; i < x.size(); ++i)
      x.as<float>()[i] = std::sin(static_cast<float>(i + test_world().rank()));
    const Tensor rows = arena.take({plan.num_shard_rows, hidden});
    const Tensor slots = arena.take({plan.num_slots, hidden});
    exchange->round_trip(
        {x, Tensor{}, rows, rows, slots}, *prepared, [](const Chunk&) {}, arena, stream);
    RowOps::on(Device::cpu())
        .sum_choices(slots, drawn.routing.weight, plan.slot_of_choice, out, stream);
    EXPECT_EQ(std::memcmp(out.data, x.data, static_cast<std::size_t>(x.bytes())), 0)
        << name_of(kind);
  }
}

TEST(Exchange, AutoChoosesOneThatMovesEveryBitAndSaysWhy) {
  expect_right_bits({.exchange = ExchangeKind::automatic, .ranks_per_node = 2});
  RouterConfig config;
  config.exchange = ExchangeKind::automatic;
  Stream stream = Stream::cpu(1);
  const ChosenExchange chosen = make_exchange(config, {hidden, 8, 32}, test_world(), stream);
  EXPECT_NE(chosen.why.find(chosen.exchange->name()), std::string::npos) << chosen.why;
}

}  // namespace exchange_test
}  // namespace switchyard
