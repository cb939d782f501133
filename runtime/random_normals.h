// Many normal numbers at once, by vector instructions.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/random.h"

namespace switchyard {

// out[i] = Random(seed, purpose, step).normal(first + i) * scale, rounded to f32, bit for bit.
void fill_normals(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t first,
                  double scale, std::span<float> out);

}  // namespace switchyard
