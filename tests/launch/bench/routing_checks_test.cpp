// The benchmark finds rows that arrive damaged, whenever and wherever they are, and counts what its
// exchanges send.
#include <gtest/gtest.h>

#include <cstring>

#include "launch/bench/exchange_bench.h"
#include "launch/bench/layer_bench.h"
#include "launch/bench/step_bench.h"
#include "router/exchange/workload.h"
#include "tests/faulty_comm.h"
#include "tests/rank_test.h"

namespace switchyard::bench {
namespace routing_checks_test {

// From call number `after` on, flips a bit of the last row that rank 0 receives, if all that it
// receives is at least `min_bytes`.
struct FlippedBit {
  int after = 0;
  std::int64_t min_bytes = 1024;
  int calls = 0;

  void operator()(Struck what, Tensor received) {
    if (what == Struck::gradients || received.bytes() < min_bytes) return;
    if (calls++ < after || test_world().rank() != 0) return;
    static_cast<std::byte*>(received.data)[received.bytes() - 2] ^= std::byte{1};
  }
};

RoutingCase small_case(const std::string& mode, const std::string& exchange = "flat",
                       Payload payload = Payload::f32) {
  return {"rotating", mode, exchange, payload, 48, 32, 2, 8};
}

RoutingSweep quick() {
  RoutingSweep sweep;
  sweep.iterations = 2;
  sweep.warm_up = 1;
  sweep.expert_hidden = 16;
  return sweep;
}

RoutingResult measured(const RoutingCase& what, const RoutingSweep& sweep, FlippedBit damage) {
  FaultyComm world(test_world().split(0, test_world().rank()), std::ref(damage));
  BenchRanks ranks = make_bench_ranks(world, sweep);
  Stream stream = Stream::cpu(1);
  return what.mode == "layer"  ? measure_layer(what, sweep, 0, ranks, stream)
         : what.mode == "step" ? measure_step(what, sweep, 0, ranks, stream)
                               : measure_exchange(what, sweep, 0, ranks, stream);
}

constexpr FlippedBit none{.after = 1 << 30};

TEST(RoutingChecks, SoundRowsAreNotCalledWrong) {
  const auto wrong_in = [](const char* mode, const char* exchange, Payload payload) {
    return measured(small_case(mode, exchange, payload), quick(), none).wrong;
  };
  for (const char* mode : {"dispatch", "combine", "round_trip", "layer"})
    EXPECT_EQ(wrong_in(mode, "flat", Payload::int8), 0) << mode;
  for (const char* exchange : {"shared_memory", "hierarchical", "pipelined"})
    EXPECT_EQ(wrong_in("round_trip", exchange, Payload::bf16), 0) << exchange;
}

TEST(RoutingChecks, DamageIsFoundInEveryMode) {
  for (const char* mode : {"dispatch", "combine", "round_trip", "layer"})
    EXPECT_GT(measured(small_case(mode), quick(), {}).wrong, 0) << mode;
  for (const Payload payload : {Payload::bf16, Payload::int8})
    EXPECT_GT(measured(small_case("round_trip", "flat", payload), quick(), {}).wrong, 0);
  EXPECT_FALSE(measured({"model", "step", "flat", Payload::f32, 64, 64, 2, 8}, quick(), none)
                   .wrong.has_value());
}

// With four experts on each rank, all of `hot_rank`'s choices beyond a balanced share are rank 0's.
TEST(RoutingChecks, AStepTakesAWorkloadsChoicesAndCountsItsRows) {
  const auto of = [](const char* workload) {
    return measured({workload, "step", "flat", Payload::f32, 64, 64, 2, 8}, quick(), none);
  };
  EXPECT_DOUBLE_EQ(of("balanced").skew(), 1.0);
  const RoutingResult hot = of("hot_rank");
  EXPECT_GT(hot.skew(), 1.2);
  EXPECT_EQ(hot.bytes(&Traffic::max_rows), hot.of_ranks[0].rows / quick().iterations);
  double rows = 0.0;
  for (const RankSums& rank : hot.of_ranks) rows += rank.rows;
  EXPECT_EQ(rows, 64 * 2 * 2 * quick().iterations * test_world().size()) << "choices of two layers";
  EXPECT_GE(of("model").skew(), 1.0);
}

// The first check calls twice, the baselines 12 times and the warm-up twice. Calls 16 and 17 are
// the first iteration's, 18 and 19 those of the last one.
TEST(RoutingChecks, DamageThatBeginsInTheTimedIterationsIsFound) {
  for (const int after : {14, 18, 19})
    EXPECT_GT(measured(small_case("round_trip"), quick(), {.after = after}).wrong, 0) << after;
  EXPECT_EQ(measured(small_case("round_trip"), quick(), {.after = 20}).wrong, 0)
      << "no call is left to damage";
}

TEST(RoutingChecks, DamageOfLargeMessagesAloneIsFound) {
  RoutingCase large = small_case("round_trip");
  large.tokens = 1024;  // the first check has a quarter of them
  large.workload = "balanced";
  EXPECT_GT(measured(large, quick(), {.min_bytes = 100'000}).wrong, 0);
}

// Independently of plans: a token crosses to each other node that has one of its experts once.
TEST(RoutingChecks, TheHierarchicalExchangeCrossesOncePerNode) {
  RoutingSweep sweep = quick();
  sweep.iterations = 1;
  sweep.ranks_per_node = 1;
  const int num_ranks = test_world().size();
  const RoutingCase what = small_case("dispatch", "hierarchical");
  const Workload workload(what.workload, {.tokens = what.tokens,
                                          .top_k = what.top_k,
                                          .num_experts = what.experts,
                                          .num_ranks = num_ranks});
  std::int64_t once = 0, each = 0;
  for (int rank = 0; rank < num_ranks; ++rank) {
    const DrawnRouting drawn = workload.draw(rank, 0);
    for (std::size_t pair = 0; pair < drawn.expert.size(); pair += 2) {
      const int a = drawn.expert[pair] / (what.experts / num_ranks),
                b = drawn.expert[pair + 1] / (what.experts / num_ranks);
      each += (a != rank) + (b != rank);
      once += (a != rank) + (b != rank && b != a);
    }
  }
  const std::int64_t row = 4 * what.hidden;
  const auto wire = [&](const RoutingCase& of) {
    return measured(of, sweep, none).iterations[0].traffic.wire_bytes;
  };
  EXPECT_EQ(wire(what), once * row);
  EXPECT_EQ(wire(small_case("dispatch", "flat")), each * row);
  EXPECT_EQ(wire(small_case("combine", "hierarchical")), each * row);
}

TEST(RoutingChecks, GroupsRouteSideBySide) {
  RoutingSweep sweep = quick();
  sweep.expert_group = test_world().size() / 2;
  for (const char* mode : {"round_trip", "layer"}) {
    const RoutingResult result = measured(small_case(mode), sweep, none);
    EXPECT_EQ(result.wrong, 0) << mode;
    EXPECT_EQ(result.group, sweep.expert_group);
    EXPECT_EQ(result.iterations[0].traffic.tokens, 48 * test_world().size());
  }
  sweep.expert_group = test_world().size() + 1;
  EXPECT_THROW(check_groups(sweep, test_world().size()), Error);
}

}  // namespace routing_checks_test
}  // namespace switchyard::bench
