// One gate over made-up rows, as the tests of gates use it.
#pragma once

#include <numeric>
#include <vector>

#include "router/gate/gate.h"
#include "runtime/random.h"

namespace switchyard {

// A router that reads the rows of two sequences of 16 tokens.
struct Gated {
  static constexpr std::int64_t tokens = 32, hidden = 16;
  static constexpr int num_experts = 4;

  Stream stream = Stream::cpu(1);
  Params params;
  Gate gate;
  Arena arena;
  Routing routing;
  std::vector<std::int32_t> ids;
  Batch batch{0, 2, tokens / 2, {}, {}, {}};
  Buffer x{Shape{tokens, hidden}, DType::f32};
  Buffer d_x{Shape{tokens, hidden}, DType::f32};
  std::vector<float> d_weight;

  explicit Gated(const RouterConfig& config, const GateInputs& inputs = {}, double init_std = 0.5)
      : gate(params, "layer0", config, hidden, num_experts, init_std, inputs), ids(tokens) {
    params.allocate({.exact = false});
    params.initialize(3);
    const Random random(8, Purpose::init);
    for (std::int64_t i = 0; i < x.tensor().size(); ++i) {
      x.tensor().as<float>()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    }
    std::iota(ids.begin(), ids.end(), 0);
    batch.tokens = tensor_of(ids.data(), {tokens});
  }

  const Routing& choose(std::int64_t step = -1) {
    batch.step = step;
    gate.choose(params, batch, x, routing, arena, stream);
    d_weight.assign(static_cast<std::size_t>(routing.weight.size()), 0.0F);
    return routing;
  }
  std::vector<std::int32_t> experts() const {
    const auto* expert = routing.expert.as<std::int32_t>();
    return {expert, expert + routing.expert.size()};
  }
  AuxiliaryLosses backward(double share = 1.0) {
    return gate.backward(params, batch, routing,
                         {tensor_of(d_weight.data(), routing.weight.shape), share, d_x}, arena,
                         stream);
  }
};

}  // namespace switchyard
