// Rotary positions (Su et al. 2021, arXiv:2104.09864): the angles, which are computed once for all
// layers and steps.
#pragma once

#include <cstdint>

#include "runtime/tensor.h"

namespace switchyard {

// cosine, sine: [num_positions, head_dim / 2] f32 of the angles position * base^(-2i / head_dim).
// They are computed in double without libm, so that the bits are the same on every machine.
struct RotaryTable {
  RotaryTable(std::int64_t num_positions, std::int64_t head_dim, float base,
              Device device = Device::cpu());

  Buffer cosine, sine;
};

}  // namespace switchyard
