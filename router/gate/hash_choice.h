// Hash routing (Roller et al. 2021, arXiv:2106.04426): a token's experts follow from its id alone.
// Nothing is learned: it is a baseline for gates that learn.
#pragma once

#include "runtime/random.h"

namespace switchyard {

// chosen: [k] distinct experts of `num_experts`, drawn by the token's id; k at most num_experts.
// random: keyed by seed and layer.
SWITCHYARD_HD inline void choose_by_hash(const Random& random, std::int32_t token,
                                         std::int64_t num_experts, std::int64_t k,
                                         std::int32_t* chosen) {
  std::uint64_t draw = static_cast<std::uint64_t>(token) << 32;
  for (std::int64_t c = 0; c < k;) {
    const double uniform = random.uniform(draw++);
    chosen[c] = static_cast<std::int32_t>(uniform * static_cast<double>(num_experts));
    std::int64_t first = 0;
    while (chosen[first] != chosen[c]) ++first;
    if (first == c) ++c;  // else the token has this expert already
  }
}

}  // namespace switchyard
