// A mixture whose sums are taken per node is the one summed at home, but for rounding.
#include "router/mixture/mixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "router/exchange/exchange_oracle.h"
#include "router/exchange/hierarchical_exchange.h"
#include "router/exchange/node_sums_exchange.h"
#include "router/exchange/parcel.h"
#include "tests/faulty_comm.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace mixture_test {

constexpr std::int64_t hidden = 20;

struct Case {
  std::string workload = "zipf";
  Payload payload = Payload::f32;
  int ranks_per_node = 2, num_experts = 7, top_k = 3;
  std::int64_t tokens = 48;
  bool drops = false;

  std::string text() const {
    return fmt::format("{} {}, {} ranks per node, {} experts, top-{}, {} tokens{}", workload,
                       name_of(payload), ranks_per_node, num_experts, top_k, tokens,
                       drops ? ", with drops" : "");
  }
  DrawnRouting draw(int rank) const {
    const Workload made(workload, {.tokens = tokens,
                                   .top_k = top_k,
                                   .num_experts = num_experts,
                                   .num_ranks = test_world().size()});
    DrawnRouting drawn = made.draw(rank, 0);
    // Every fifth choice, and all of token 1.
    for (std::size_t pair = 0; drops && pair < drawn.expert.size(); ++pair) {
      if (pair % 5 != 0 && pair / static_cast<std::size_t>(top_k) != 1) continue;
      --drawn.routing.counts[static_cast<std::size_t>(drawn.expert[pair])];
      drawn.expert[pair] = ~drawn.expert[pair];
    }
    return drawn;
  }
};

// One rank's side of a layer without a gate: expert e is x * (1 + e).
class Layer {
 public:
  Layer(const Case& c, Exchange& exchange)
      : top_k_(c.top_k),
        placement_(c.num_experts, test_world().size()),
        drawn_(c.draw(test_world().rank())) {
    make_plan(drawn_.routing, placement_, test_world(), arena_, plan_, stream_);
    exchange.prepare(plan_, arena_, stream_);
    x_ = arena_.take({drawn_.tokens(), hidden});
    d_out_ = arena_.take(x_.shape);
    for (std::int64_t i = 0; i < x_.size(); ++i) {
      const auto number = static_cast<float>(i + 1000 * test_world().rank());
      x_.as<float>()[i] = std::sin(number);
      d_out_.as<float>()[i] = std::cos(3 * number);
    }
  }

  struct Results {
    std::vector<float> out, d_weight, d_x;
  };
  Results run(const Mixture& mixture) {
    const Tensor out = not_a_number(x_.shape), d_x = not_a_number(x_.shape),
                 d_weight = not_a_number({x_.rows(), top_k_});
    Mixture::Saved saved;
    const auto experts = [&](const Chunk& chunk, Tensor in, Tensor result) {
      for (const Segment& segment : chunk.segments) {
        const int expert =
            placement_.hosted(test_world().rank())[static_cast<std::size_t>(segment.slot)];
        for (std::int64_t i = segment.begin * hidden; i < segment.end() * hidden; ++i)
          result.as<float>()[i] = in.as<float>()[i] * static_cast<float>(1 + expert);
      }
    };
    const Tensor weight = drawn_.routing.weight;
    mixture.forward(x_, weight, plan_, experts, saved, out, arena_, arena_, stream_);
    mixture.backward(d_out_, weight, plan_, experts, saved, d_weight, d_x, arena_, stream_);
    return {values(out), values(d_weight), values(d_x)};
  }

  Tensor x() const { return x_; }
  const Plan& plan() const { return plan_; }
  const DrawnRouting& drawn() const { return drawn_; }
  const Placement& placement() const { return placement_; }
  Arena& arena() { return arena_; }
  Stream& stream() { return stream_; }

 private:
  Tensor not_a_number(Shape shape) {
    const Tensor tensor = arena_.take(shape);
    std::fill_n(tensor.as<float>(), tensor.size(), NAN);
    return tensor;
  }
  static std::vector<float> values(Tensor tensor) {
    return {tensor.as<float>(), tensor.as<float>() + tensor.size()};
  }

  int top_k_;
  Stream stream_ = Stream::cpu(1);
  Arena arena_;
  Placement placement_;
  DrawnRouting drawn_;
  Plan plan_;
  Tensor x_, d_out_;
};

void expect_near(const std::vector<float>& expected, const std::vector<float>& got, float tolerance,
                 const std::string& what) {
  using testing::FloatNear;
  using testing::Pointwise;
  EXPECT_THAT(got, Pointwise(FloatNear(tolerance), expected)) << what;
}

void expect_same_mixture(const Case& c) {
  const Payload payload = c.payload;
  HierarchicalExchange by_choice(payload, c.ranks_per_node, test_world());
  NodeSumsExchange by_node(payload, c.ranks_per_node, test_world());
  const Layer::Results expected = Layer(c, by_choice).run(*mixture_at_home(by_choice));
  const float tolerance = payload == Payload::f32 ? 1e-4F : 0.1F;
  for (Exchange* exchange :
       {static_cast<Exchange*>(&by_choice), static_cast<Exchange*>(&by_node)}) {
    const Layer::Results got = Layer(c, *exchange).run(*mixture_per_node(*exchange, test_world()));
    const std::string what = c.text() + ", by " + exchange->name();
    expect_near(expected.out, got.out, tolerance, what + ": out");
    expect_near(expected.d_weight, got.d_weight, 2 * tolerance, what + ": gradient of the weights");
    expect_near(expected.d_x, got.d_x, tolerance, what + ": gradient of x");
  }
}

TEST(Mixture, SummedPerNodeIsTheOneSummedAtHome) {
  for (const int ranks_per_node : {1, 2, 3}) {
    expect_same_mixture({.ranks_per_node = ranks_per_node});
    expect_same_mixture({.workload = "empty_rank", .ranks_per_node = ranks_per_node});
  }
}

TEST(Mixture, PerNodeTakesExtremeShapes) {
  expect_same_mixture({.top_k = 1});
  expect_same_mixture({.num_experts = 1, .top_k = 1});  // ranks without experts
  expect_same_mixture({.num_experts = 8, .top_k = 8});  // every token everywhere
  expect_same_mixture({.workload = "hot_rank", .tokens = 0});
}

TEST(Mixture, PerNodeLeavesOutDroppedChoices) {
  expect_same_mixture({.drops = true});
  expect_same_mixture({.top_k = 1, .drops = true});
}

TEST(Mixture, PerNodeTakesEveryPayload) {
  for (const Payload payload : {Payload::bf16, Payload::int8})
    expect_same_mixture({.payload = payload});
}

// Pairs of a token of mine and a node where it has an expert.
std::int64_t visits_of_nodes(const Layer& layer, int ranks_per_node) {
  std::set<std::pair<std::size_t, int>> visits;
  const std::vector<std::int32_t>& expert = layer.drawn().expert;
  for (std::size_t pair = 0; pair < expert.size(); ++pair) {
    for (int rank = 0; rank < test_world().size(); ++rank) {
      const auto hosted = layer.placement().hosted(rank);
      if (std::find(hosted.begin(), hosted.end(), expert[pair]) != hosted.end())
        visits.insert({pair / static_cast<std::size_t>(layer.drawn().routing.expert.cols()),
                       rank / ranks_per_node});
    }
  }
  return std::ssize(visits);
}

TEST(Mixture, ARowCrossesHomeOncePerTokenAndNode) {
  for (const int ranks_per_node : {1, 2}) {
    std::vector<std::int64_t> arrived;  // rows of each exchange
    FaultyComm comm(test_world().split(0, test_world().rank()), [&](Struck, Tensor rows) {
      if (rows.cols() == hidden) arrived.push_back(rows.rows());
    });
    NodeSumsExchange exchange(Payload::f32, ranks_per_node, comm);
    Layer layer({.num_experts = 8, .top_k = 6}, exchange);
    const Tensor rows = layer.arena().take({layer.plan().num_shard_rows, hidden}), out = layer.x();
    std::fill_n(rows.as<float>(), rows.size(), 1.0F);
    exchange.combine_sums(rows, Tensor{}, layer.plan(), out, layer.arena(), layer.stream());
    EXPECT_EQ(arrived.back(), visits_of_nodes(layer, ranks_per_node));
    EXPECT_LT(arrived.back(), layer.plan().num_slots);
  }
}

// In plain loops over the routing of all ranks, which know no plans.
TEST(Mixture, SumsPassTheOracle) {
  for (const Payload payload : {Payload::f32, Payload::bf16, Payload::int8}) {
    const Case c{.payload = payload};
    NodeSumsExchange exchange(payload, c.ranks_per_node, test_world());
    Layer layer(c, exchange);
    std::vector<DrawnRouting> all;
    for (int rank = 0; rank < test_world().size(); ++rank) all.push_back(c.draw(rank));
    const ExchangeOracle oracle(std::move(all), layer.placement(), payload, hidden,
                                test_world().rank());
    oracle.fill(layer.x());
    Arena& arena = layer.arena();
    Stream& stream = layer.stream();
    const Plan& plan = layer.plan();
    const Tensor rows = arena.take({plan.num_shard_rows, hidden}),
                 out = arena.take(layer.x().shape);
    exchange.dispatch(layer.x(), Tensor{}, plan, rows, arena, stream);
    oracle.work({plan.segments}, rows, rows);
    const Tensor weights =
        weights_of_received(oracle.mine().routing.weight, plan, test_world(), arena, stream);
    exchange.combine_sums(rows, weights, plan, out, arena, stream);
    EXPECT_EQ(oracle.wrong_sums(out, true), 0) << name_of(payload);
    out.as<float>()[5] += 1.0F;
    EXPECT_EQ(oracle.wrong_sums(out, true), 1) << name_of(payload);
  }
}

}  // namespace mixture_test
}  // namespace switchyard
