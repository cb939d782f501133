// Hash routing (Roller et al. 2021, arXiv:2106.04426): a token's experts follow from its id alone.
// Nothing is learnt: a baseline for gates that learn.
#pragma once

#include "runtime/random.h"
#include "runtime/tensor.h"

namespace switchyard {

// expert: [T, k] i32, distinct experts drawn by token id; each gets the weight 1 / k. token: [T]
// i32. random: keyed by seed and layer.
void choose_by_hash(const Random& random, Tensor token, std::int64_t num_experts, Tensor expert);

}  // namespace switchyard
