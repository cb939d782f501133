// Routing made by hand for tests of plans and exchanges: every token's experts are given, or drawn
// from a seed.
#pragma once

#include <vector>

#include "router/plan/plan.h"
#include "runtime/random.h"

namespace switchyard {

struct HandRouting {
  std::vector<std::int32_t> expert;
  std::vector<float> weight;
  Routing routing;

  HandRouting(std::vector<std::int32_t> experts, std::int64_t top_k, int num_experts)
      : expert(std::move(experts)), weight(expert.size(), 1.0F / static_cast<float>(top_k)) {
    const Shape shape{std::ssize(expert) / top_k, top_k};
    routing.expert = tensor_of(expert.data(), shape);
    routing.weight = tensor_of(weight.data(), shape);
    routing.counts.assign(static_cast<std::size_t>(num_experts), 0);
    for (const std::int32_t e : expert) ++routing.counts[static_cast<std::size_t>(e)];
  }

  // As an expert that is full does.
  void drop(std::size_t pair) {
    --routing.counts[static_cast<std::size_t>(expert[pair])];
    expert[pair] = ~expert[pair];
  }

  // Two distinct experts for each token, skewed towards expert 0; some experts may stay empty.
  static HandRouting drawn(std::int64_t tokens, int num_experts, std::uint64_t seed) {
    const Random random(seed, Purpose::init);
    std::vector<std::int32_t> experts;
    for (std::int64_t t = 0; t < tokens; ++t) {
      const double u = random.uniform(static_cast<std::uint64_t>(2 * t));
      const int first = static_cast<int>(u * u * num_experts);
      const int step = 1 + static_cast<int>(random.uniform(static_cast<std::uint64_t>(2 * t + 1)) *
                                            (num_experts - 1));
      experts.push_back(first);
      experts.push_back((first + step) % num_experts);
    }
    return {experts, 2, num_experts};
  }
};

}  // namespace switchyard
