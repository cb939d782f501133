#include "router/hash_gate.h"

#include <algorithm>

#include "runtime/error.h"

namespace switchyard {

void choose_by_hash(const Random& random, Tensor token, std::int64_t num_experts, Tensor expert) {
  const std::int64_t tokens = expert.rows(), k = expert.cols();
  require(token.size() == tokens, "hash routing of {} tokens with {} ids", tokens, token.size());
  auto* chosen = expert.as<std::int32_t>();
  for (std::int64_t t = 0; t < tokens; ++t, chosen += k) {
    const auto id = static_cast<std::uint64_t>(token.as<std::int32_t>()[t]);
    std::uint64_t draw = 0;
    for (std::int64_t c = 0; c < k;) {
      const double uniform = random.uniform((id << 32) + draw++);
      const auto e = static_cast<std::int32_t>(uniform * static_cast<double>(num_experts));
      if (std::find(chosen, chosen + c, e) == chosen + c) chosen[c++] = e;
    }
  }
}

}  // namespace switchyard
