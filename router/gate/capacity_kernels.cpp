// Experts that take a limited number of tokens, of those that chose them or of all, on a CPU.
#include <algorithm>
#include <numeric>
#include <vector>

#include "router/gate/cpu_gate_ops.h"

namespace switchyard {
namespace {

// Moves the `keep` items of largest value to the front, ties by lower item: a total order, so that
// the set does not depend on how they are sorted.
template <class Value>
void best_first(std::vector<std::int32_t>& items, std::int64_t keep, Value value) {
  const auto better = [&](std::int32_t a, std::int32_t b) {
    const float x = rank_value(value(a)), y = rank_value(value(b));
    return x > y || (x == y && a < b);
  };
  if (keep < std::ssize(items)) {
    std::nth_element(items.begin(), items.begin() + keep, items.end(), better);
  }
}

}  // namespace

void CpuGateOps::pick_tokens(Tensor probability, std::int64_t capacity, Tensor expert,
                             Stream& stream) {
  const std::int64_t tokens = probability.rows(), experts = probability.cols();
  const auto* p = probability.as<float>();
  auto* out = expert.as<std::int32_t>();
  parallel_for(stream, tokens == 0 ? 0 : experts, [&](std::int64_t e) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(tokens));
    std::iota(order.begin(), order.end(), 0);
    best_first(order, capacity, [&](std::int32_t t) { return p[t * experts + e]; });
    for (std::int64_t i = 0; i < tokens; ++i) {
      const auto id = static_cast<std::int32_t>(e);
      out[order[static_cast<std::size_t>(i)] * experts + e] = i < capacity ? id : ~id;
    }
  });
}

void CpuGateOps::drop(Tensor expert, Tensor weight, std::int64_t num_experts, std::int64_t capacity,
                      DropBy by, Stream& stream) {
  auto* choice = expert.as<std::int32_t>();
  const auto* w = weight.as<float>();
  std::vector<std::vector<std::int32_t>> pairs_of(static_cast<std::size_t>(num_experts));
  for (std::int64_t pair = 0; pair < expert.size(); ++pair) {
    pairs_of[static_cast<std::size_t>(choice[pair])].push_back(static_cast<std::int32_t>(pair));
  }
  parallel_for(stream, num_experts, [&](std::int64_t e) {
    std::vector<std::int32_t>& pairs = pairs_of[static_cast<std::size_t>(e)];
    if (by == DropBy::probability) {
      best_first(pairs, capacity, [&](std::int32_t pair) { return w[pair]; });
    }
    for (std::int64_t i = capacity; i < std::ssize(pairs); ++i) {
      choice[pairs[static_cast<std::size_t>(i)]] = ~static_cast<std::int32_t>(e);
    }
  });
}

}  // namespace switchyard
