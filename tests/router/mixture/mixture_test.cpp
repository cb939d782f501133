// A mixture and its gradients against plain loops over the tokens of this rank, which know neither
// plans nor other ranks.
#include "router/mixture/mixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "router/exchange/exchange_choice.h"
#include "router/exchange/workload.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace mixture_test {

constexpr std::int64_t hidden = 20;

struct Case {
  std::string workload = "zipf";
  ExchangeKind exchange = ExchangeKind::flat;
  int num_experts = 7, top_k = 3;
  std::int64_t tokens = 48;
  bool drops = false;

  std::string text() const {
    return fmt::format("{} {}, {} experts, top-{}, {} tokens{}", workload, name_of(exchange),
                       num_experts, top_k, tokens, drops ? ", with drops" : "");
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

struct Results {
  std::vector<float> out, d_weight, d_x;
};

// One rank's side of a layer without a gate: expert e computes x * (1 + e).
class Layer {
 public:
  explicit Layer(const Case& c)
      : drawn_(c.draw(test_world().rank())), placement_(c.num_experts, test_world().size()) {
    for (std::int64_t i = 0; i < drawn_.tokens() * hidden; ++i) {
      const auto number = static_cast<float>(i + 1000 * test_world().rank());
      x_.push_back(std::sin(number));
      d_out_.push_back(std::cos(3 * number));
    }
  }

  Results run(Exchange& exchange) {
    const auto prepared = exchange.prepare(
        make_plan(drawn_.routing, placement_, test_world(), arena_, stream_), arena_, stream_);
    const Shape shape{drawn_.tokens(), hidden};
    const Tensor weight = drawn_.routing.weight;
    const Tensor out = not_a_number(shape), d_x = not_a_number(shape),
                 d_weight = not_a_number(weight.shape);
    const ExpertPass experts = [&](const Chunk& chunk, Tensor in, Tensor result) {
      for (const Segment& segment : chunk.segments) {
        const int expert =
            placement_.hosted(test_world().rank())[static_cast<std::size_t>(segment.slot)];
        for (std::int64_t i = segment.begin * hidden; i < segment.end() * hidden; ++i)
          result.as<float>()[i] = in.as<float>()[i] * static_cast<float>(1 + expert);
      }
    };
    const Mixture mixture(exchange);
    Mixture::Saved saved;
    const Mixture::Call call{weight, *prepared, experts, arena_, stream_};
    mixture.forward(tensor_of(x_.data(), shape), call, saved, out, arena_);
    mixture.backward(tensor_of(d_out_.data(), shape), call, saved, d_weight, d_x);
    return {values(out), values(d_weight), values(d_x)};
  }

  Results expected() const {
    Results results{std::vector<float>(x_.size()), std::vector<float>(drawn_.expert.size()),
                    std::vector<float>(x_.size())};
    const std::size_t top_k = static_cast<std::size_t>(drawn_.routing.expert.cols());
    for (std::size_t pair = 0; pair < drawn_.expert.size(); ++pair) {
      if (drawn_.expert[pair] < 0) continue;
      const auto factor = static_cast<float>(1 + drawn_.expert[pair]);
      for (std::size_t h = 0; h < hidden; ++h) {
        const std::size_t i = pair / top_k * hidden + h;
        results.out[i] += drawn_.weight[pair] * factor * x_[i];
        results.d_weight[pair] += factor * x_[i] * d_out_[i];
        results.d_x[i] += drawn_.weight[pair] * factor * d_out_[i];
      }
    }
    return results;
  }

 private:
  Tensor not_a_number(Shape shape) {
    const Tensor tensor = arena_.take(shape);
    std::fill_n(tensor.as<float>(), tensor.size(), NAN);
    return tensor;
  }
  static std::vector<float> values(Tensor tensor) {
    return {tensor.as<float>(), tensor.as<float>() + tensor.size()};
  }

  Stream stream_ = Stream::cpu(1);
  Arena arena_;
  DrawnRouting drawn_;
  Placement placement_;
  std::vector<float> x_, d_out_;
};

void expect_near(const std::vector<float>& expected, const std::vector<float>& got,
                 const std::string& what) {
  EXPECT_THAT(got, testing::Pointwise(testing::FloatNear(1e-4F), expected)) << what;
}

void expect_right(const Case& c) {
  RouterConfig config;
  config.exchange = c.exchange;
  config.ranks_per_node = 2;
  Stream stream = Stream::cpu(1);
  const auto exchange =
      make_exchange(config, {hidden, c.num_experts, c.tokens}, test_world(), stream).exchange;
  Layer layer(c);
  const Results got = layer.run(*exchange), expected = layer.expected();
  expect_near(expected.out, got.out, c.text() + ": out");
  expect_near(expected.d_weight, got.d_weight, c.text() + ": gradient of the weights");
  expect_near(expected.d_x, got.d_x, c.text() + ": gradient of x");
}

TEST(Mixture, IsTheWeightedSumOfTheExperts) {
  for (const ExchangeKind kind : exchange_kinds) {
    expect_right({.exchange = kind});
    expect_right({.workload = "empty_rank", .exchange = kind});
  }
}

TEST(Mixture, TakesExtremeShapes) {
  expect_right({.top_k = 1});
  expect_right({.num_experts = 1, .top_k = 1});  // ranks without experts
  expect_right({.num_experts = 8, .top_k = 8});  // every token everywhere
  expect_right({.workload = "hot_rank", .tokens = 0});
}

TEST(Mixture, LeavesOutDroppedChoices) {
  expect_right({.drops = true});
  expect_right({.top_k = 1, .drops = true});
}

}  // namespace mixture_test
}  // namespace switchyard
