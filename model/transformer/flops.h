// How many floating-point operations the model's matrix products take, which a step's speed is
// measured against.
#pragma once

#include <cstdint>

#include "model/config.h"

namespace switchyard {

// Counts one token's forward pass; a multiply-add counts as two. Attention is causal over a full
// row of `sequence` tokens, and its masked half does not count. A training step takes three times
// as many.
double forward_flops_per_token(const ModelConfig& model, int top_k, std::int64_t vocabulary,
                               std::int64_t sequence);

}  // namespace switchyard
