// Rotary positions (Su et al. 2021, arXiv:2104.09864): the angles, which are computed once for all
// layers and steps. Scaled frequencies let a model read longer texts than it was trained on.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"
#include "runtime/tensor.h"

namespace switchyard {

// The angle per position of each pair of elements, [head_dim / 2]: base^(-2i / head_dim), scaled.
// With L = scaling.original_length, a wave of 2 pi / frequency tokens
// - llama3 (Llama 3.1, arXiv:2407.21783): of more than L / low_frequency_factor tokens has its
//   frequency divided by `factor`, one of less than L / high_frequency_factor stays, and those
//   between go from one to the other linearly in L / wave;
// - yarn (arXiv:2309.00071): that turns less than beta_slow times in L tokens is divided, one that
//   turns more than beta_fast times stays, and those between go from one to the other linearly in
//   the pair's index i, whose ends `truncate` rounds outwards.
// Errors: Exit::usage for an odd head_dim, or a base that is not above 1.
std::vector<double> rope_frequencies(std::int64_t head_dim, float base,
                                     const RopeScaling& scaling = {});

// By what yarn multiplies queries and keys; 1 for other types.
double rope_attention_factor(const RopeScaling& scaling);

// cosine, sine: [num_positions, head_dim / 2] f32 of the angles position * frequency, times the
// attention factor. They are computed in double without libm, so that the bits are the same on
// every machine.
struct RotaryTable {
  RotaryTable(std::int64_t num_positions, std::int64_t head_dim, float base,
              Device device = Device::cpu(), const RopeScaling& scaling = {});

  Buffer cosine, sine;
};

}  // namespace switchyard
