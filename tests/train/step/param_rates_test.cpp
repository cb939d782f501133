#include "train/step/param_rates.h"

#include <gtest/gtest.h>

#include <cstring>

#include "model/param_role.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace param_rates_test {

TEST(ParamRates, AreOneUnlessTheConfigSaysSo) {
  for (const char* name : {"embedding", "layer0.ffn.up", "layer1.expert3.up", "final_norm"}) {
    EXPECT_EQ(param_rates({}, name, 2).rate, 1.0);
    EXPECT_EQ(param_rates({}, name, 2).decay, 1.0);
  }
}

TEST(ParamRates, FollowTheRole) {
  TrainConfig config;
  config.rates = {{"experts", 0.5}, {"norms", 0.0}};
  config.decays = {{"router", 3.0}};
  EXPECT_EQ(param_rates(config, "layer1.expert3.up", 2).rate, 0.5);
  EXPECT_EQ(param_rates(config, "layer1.attention.q_norm", 2).rate, 0.0);
  EXPECT_EQ(param_rates(config, "layer1.router", 2).rate, 1.0);
  EXPECT_EQ(param_rates(config, "layer1.router", 2).decay, 3.0);
}

TEST(ParamRates, FallFromLayerToLayer) {
  TrainConfig config;
  config.layer_rate_decay = 0.5;
  EXPECT_EQ(param_rates(config, "head", 3).rate, 1.0);
  EXPECT_EQ(param_rates(config, "final_norm", 3).rate, 1.0);
  EXPECT_EQ(param_rates(config, "layer2.ffn_norm", 3).rate, 0.5);
  EXPECT_EQ(param_rates(config, "layer0.router", 3).rate, 0.125);
  EXPECT_EQ(param_rates(config, "embedding", 3).rate, 0.0625);
  config.rates = {{"embedding", 16.0}};
  EXPECT_EQ(param_rates(config, "embedding", 3).rate, 1.0);
}

SmallRun run_of(const SmallConfig& config) {
  return {config, test_world().split(0, test_world().rank()), 1};
}

// A power of two of the factor is one of the rate, bit for bit: every parameter has its factor.
TEST(ParamRates, HalfTheFactorsAreHalfTheRate) {
  SmallConfig halves, half_rate;
  halves.train.min_learning_rate = half_rate.train.min_learning_rate = 0.0;
  half_rate.train.learning_rate = halves.train.learning_rate / 2;
  for (const std::string_view role : names_of<ParamRole>)
    halves.train.rates[std::string(role)] = 0.5;
  SmallRun a = run_of(halves), b = run_of(half_rate);
  EXPECT_EQ(a.losses(0, 4), b.losses(0, 4));
  EXPECT_EQ(a.state_hash(), b.state_hash());
}

// Doubling the factors of the decay is doubling the decay.
TEST(ParamRates, FactorsOfTheDecayAreFactorsOfTheDecay) {
  SmallConfig doubles, double_decay;
  double_decay.train.weight_decay = 2 * doubles.train.weight_decay;
  for (const std::string_view role : names_of<ParamRole>)
    doubles.train.decays[std::string(role)] = 2.0;
  SmallRun a = run_of(doubles), b = run_of(double_decay);
  a.losses(0, 3), b.losses(0, 3);
  EXPECT_EQ(a.state_hash(), b.state_hash());
  EXPECT_NE(a.state_hash(), [] {
    SmallRun plain = run_of({});
    plain.losses(0, 3);
    return plain.state_hash();
  }());
}

TEST(ParamRates, AFactorOfZeroLeavesTheValues) {
  SmallConfig config;
  config.train.rates = {{"router", 0.0}};
  SmallRun run = run_of(config);
  const auto values_of = [&](const char* name) {
    const Tensor value = run.model().params().value(run.model().params().find(name));
    return std::vector<float>(value.as<float>(), value.as<float>() + value.size());
  };
  const auto router = values_of("layer1.router"), norm = values_of("final_norm");
  run.losses(0, 2);
  EXPECT_EQ(values_of("layer1.router"), router);
  EXPECT_NE(values_of("final_norm"), norm);
}

}  // namespace param_rates_test
}  // namespace switchyard
