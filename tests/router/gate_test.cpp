#include "router/gate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/random.h"

namespace switchyard {
namespace gate_test {

constexpr std::int64_t tokens = 32, hidden = 16;
constexpr int num_experts = 4;

struct Gated {
  Stream stream = Stream::cpu(1);
  Params params;
  Gate gate;
  Arena arena;
  Routing routing;
  Buffer x{Shape{tokens, hidden}, DType::f32};
  Buffer d_weight{Shape{tokens, 2}, DType::f32};
  Buffer d_x{Shape{tokens, hidden}, DType::f32};

  explicit Gated(const RouterConfig& config, bool same_rows = false)
      : gate(params, "layer0", config, hidden, num_experts, same_rows ? 0.0 : 0.5) {
    params.allocate(false, {});
    params.initialize(3);
    const Random random(8, Purpose::init);
    for (std::int64_t i = 0; i < x.tensor().size(); ++i) {
      x.tensor().as<float>()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    }
    gate.choose(params, x, routing, arena, stream);
  }

  AuxiliaryLosses backward(double share) {
    return gate.backward(params, x, routing, d_weight, share, d_x, arena, stream);
  }
};

TEST(Gate, BalanceLossIsItsCoefficientWhenRoutingIsUniform) {
  RouterConfig config;
  config.balance_loss = 0.25F;
  config.z_loss = 0.0F;
  Gated gated(config, /*same_rows=*/true);  // all probabilities 1/4
  EXPECT_NEAR(gated.backward(1.0).balance, 0.25, 1e-6);
  EXPECT_NEAR(gated.backward(0.5).balance, 0.125, 1e-6);
}

TEST(Gate, ZLossIsTheMeanSquaredLogSum) {
  RouterConfig config;
  config.balance_loss = 0.0F;
  config.z_loss = 0.1F;
  Gated gated(config);
  double mean = 0.0;
  for (std::int64_t t = 0; t < tokens; ++t)
    mean += std::pow(gated.routing.log_sum.as<float>()[t], 2) / tokens;
  EXPECT_NEAR(gated.backward(1.0).z, 0.1 * mean, 1e-6);
}

TEST(Gate, CountsAddUpToTokensTimesK) {
  const Gated gated(RouterConfig{});
  std::int64_t sum = 0;
  for (const std::int64_t count : gated.routing.counts) sum += count;
  EXPECT_EQ(sum, 2 * tokens);
}

TEST(Gate, UnknownGateIsRefusedByName) {
  RouterConfig config;
  config.gate = "hash";
  try {
    const Gated gated(config);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_NE(std::string(error.what()).find("hash"), std::string::npos);
  }
}

TEST(Gate, MoreChoicesThanExpertsIsRefused) {
  RouterConfig config;
  config.top_k = num_experts + 1;
  EXPECT_THROW(Gated{config}, Error);
}

}  // namespace gate_test
}  // namespace switchyard
