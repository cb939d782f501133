// Law 2 for whole gates: rows and router weights in, losses out, against finite differences of the
// formulas in double.
#include <gtest/gtest.h>

#include "tests/router/gate/gate_reference.h"
#include "tests/router/gated.h"

namespace switchyard {
namespace gate_gradient_test {

constexpr std::int64_t step = 4, T = Gated::tokens, H = Gated::hidden, E = Gated::num_experts;

std::vector<double> doubles(Tensor tensor) {
  return {tensor.as<float>(), tensor.as<float>() + tensor.size()};
}

// The logits of a gate in double: noise and jitter as their contract says they are keyed.
struct Inputs {
  double jitter;
  bool noisy;
  std::vector<double> x, router, width{};

  std::vector<double> logits() const {
    const Random u(0, Purpose::gate_jitter, step), n(0, Purpose::gate_noise, step);
    std::vector<double> logits(static_cast<std::size_t>(T * E));
    for (std::int64_t t = 0; t < T; ++t) {
      for (std::int64_t e = 0; e < E; ++e) {
        double z = 0.0, raw = 0.0;
        for (std::int64_t h = 0; h < H; ++h) {
          const auto at = static_cast<std::size_t>(t * H + h);
          const double in = x[at] * (1.0 + jitter * (2.0 * u.uniform(at) - 1.0));
          z += in * router[static_cast<std::size_t>(e * H + h)];
          if (noisy) raw += in * width[static_cast<std::size_t>(e * H + h)];
        }
        const auto at = static_cast<std::size_t>(t * E + e);
        logits[at] = z + (noisy ? n.normal(at) * std::log1p(std::exp(raw)) : 0.0);
      }
    }
    return logits;
  }
};

void expect_gradients(const RouterConfig& config) {
  Gated gated(config);
  const ParamId width = gated.params.find("layer0.router_noise");
  for (std::int64_t i = 0; width >= 0 && i < E * H; ++i) {
    gated.params.value(width).as<float>()[i] = 0.1F * static_cast<float>(i % 7 - 3);
  }
  gated.gate.finish_step(std::vector<std::int64_t>{40, 10, 14, 0});
  gated.choose(step);
  const Random random(9, Purpose::init);
  const std::int64_t k = gated.routing.expert.cols();
  GateReference reference{.rule = {.scale = config.scale},
                          .experts = E,
                          .k = k,
                          .runs = config.balance_over == BalanceOver::sequence ? 2 : 1,
                          .chosen = gated.experts()};
  if (config.gate == GateKind::sigmoid) reference.rule.weighing = Weighing::sigmoid_normalized;
  if (config.gate == GateKind::noisy_topk) reference.rule.weighing = Weighing::topk_softmax;
  for (std::size_t i = 0; i < gated.d_weight.size(); ++i) {
    const bool dropped = reference.chosen[i] < 0;  // such a choice has no effect
    gated.d_weight[i] = dropped ? 0.0F : static_cast<float>(random.normal(i)) / T;
  }
  reference.d_weight = gated.d_weight;
  reference.z_slope = 2.0 * static_cast<double>(config.z_loss) / T;
  // The slopes by the loss's definition, counted here.
  const std::int64_t runs = reference.runs, pairs = T * k / runs;
  std::vector<double> share(static_cast<std::size_t>(runs * E), 0.0);
  for (std::int64_t i = 0; i < T * k; ++i) {
    const std::int32_t choice = reference.chosen[static_cast<std::size_t>(i)];
    if (config.gate == GateKind::expert_choice && choice < 0) continue;
    share[static_cast<std::size_t>(i / pairs * E + expert_of(choice))] += 1.0;
  }
  if (config.balance_over == BalanceOver::global_batch) share = {40, 10, 14, 0};
  for (std::size_t i = 0; i < share.size(); ++i) {
    const double all = std::accumulate(share.begin() + static_cast<long>(i) / E * E,
                                       share.begin() + (static_cast<long>(i) / E + 1) * E, 0.0);
    reference.slope.push_back(
        static_cast<float>(static_cast<double>(config.balance_loss) * E * share[i] / all / T));
  }
  gated.backward();

  Inputs inputs{static_cast<double>(config.jitter), width >= 0, doubles(gated.x),
                doubles(gated.params.value(gated.params.find("layer0.router")))};
  if (width >= 0) inputs.width = doubles(gated.params.value(width));
  const auto loss = [&] { return reference.loss(inputs.logits()); };
  const auto check = [&](std::vector<double>& values, const float* gradient, const char* what) {
    for (std::size_t i = 0; i < values.size(); i += 3) {
      EXPECT_NEAR(static_cast<double>(gradient[i]), derivative(values, i, loss), 2e-6)
          << name_of(config.gate) << ", " << name_of(config.balance_over) << ": " << what << " "
          << i;
    }
  };
  check(inputs.x, gated.d_x.tensor().as<float>(), "x");
  Buffer gradient(Shape{E, H}, DType::f32);
  gated.params.read_gradient(gated.params.find("layer0.router"), gradient, gated.stream);
  check(inputs.router, gradient.tensor().as<float>(), "router");
  if (width < 0) return;
  gated.params.read_gradient(width, gradient, gated.stream);
  check(inputs.width, gradient.tensor().as<float>(), "width");
}

TEST(GateGradient, OfEveryGateAndBalance) {
  for (const GateKind gate : {GateKind::softmax_topk, GateKind::sigmoid, GateKind::noisy_topk}) {
    for (const BalanceOver over :
         {BalanceOver::sequence, BalanceOver::micro_batch, BalanceOver::global_batch}) {
      expect_gradients({.gate = gate,
                        .scale = 1.5F,
                        .balance_loss = 0.7F,
                        .balance_over = over,
                        .z_loss = 0.2F});
    }
  }
}

TEST(GateGradient, OfExpertChoice) {
  expect_gradients({.gate = GateKind::expert_choice, .z_loss = 0.2F, .allow_future_tokens = true});
}

TEST(GateGradient, WithJitter) { expect_gradients({.gate = GateKind::sigmoid, .jitter = 0.3F}); }

TEST(GateGradient, WithDroppedChoices) {
  expect_gradients({.gate = GateKind::sigmoid, .balance_loss = 0.7F, .capacity_factor = 0.8});
}

// Nothing to learn: hash routing leaves the rows' gradient alone.
TEST(GateGradient, OfHashIsNone) {
  Gated gated({.gate = GateKind::hash});
  gated.choose(step);
  gated.d_weight.assign(gated.d_weight.size(), 1.0F);
  const AuxiliaryLosses losses = gated.backward();
  EXPECT_EQ(losses.balance + losses.z, 0.0);
  for (const double d : doubles(gated.d_x)) EXPECT_EQ(d, 0.0);
}

}  // namespace gate_gradient_test
}  // namespace switchyard
