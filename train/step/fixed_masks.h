// Fixed masks: weights of feed-forward networks that are 0 in the whole run, the same ones in every
// step. A masked weight begins as 0 and has no gradient, so it stays 0, and whoever uses the model
// needs no mask.
#pragma once

#include <cstdint>

#include "runtime/masks/dropout.h"
#include "runtime/params/params.h"

namespace switchyard {

// Multiplies the values of a new model by their masks: 0 with probability dropout.weights, else
// 1 / (1 - dropout.weights). Without fixed masks this and what follows do nothing.
void apply_fixed_masks(Params& params, const DropoutConfig& dropout, std::uint64_t seed,
                       Stream& stream);

// Sets the gradients of masked weights to 0, of what this rank owns; after they were reduced.
void mask_gradients(Params& params, const DropoutConfig& dropout, std::uint64_t seed,
                    Stream& stream);

// Errors: Exit::usage, naming the parameter, if a weight that is masked is not 0.
void check_fixed_masks(const Params& params, const DropoutConfig& dropout, std::uint64_t seed);

}  // namespace switchyard
