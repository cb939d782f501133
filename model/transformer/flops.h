// How many floating-point operations the model's matrix products take, which a step's speed is
// measured against.
#pragma once

#include <cstdint>

#include "model/config.h"

namespace switchyard {

// The scores and weighted values of one token and query element in a layer: twice the mean number
// of keys that a token of a full row of `sequence` tokens sees.
double attention_terms(const ModelConfig& model, int layer, std::int64_t sequence);

// Counts one token's forward pass; a multiply-add counts as two. Attention is causal over a full
// row of `sequence` tokens, and its masked half does not count. A training step takes three times
// as many. Modules of multi-token prediction are not counted.
double forward_flops_per_token(const ModelConfig& model, int top_k, std::int64_t vocabulary,
                               std::int64_t sequence);

}  // namespace switchyard
