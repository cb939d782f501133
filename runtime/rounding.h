// Rounding of f32 to shorter numbers, the same on every device.
#pragma once

#include <cstdint>

#include "runtime/math.h"

namespace switchyard {

// bf16, to nearest even: the upper half of the bits. NaN stays NaN.
SWITCHYARD_HD inline std::uint16_t bf16_of(float value) {
  const auto bits = bits_to<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fffU + ((bits >> 16) & 1U);
  const bool nan = (bits & 0x7fffffffU) > 0x7f800000U;
  return static_cast<std::uint16_t>(nan ? (bits >> 16) | 0x40U : rounded >> 16);
}

SWITCHYARD_HD inline float value_of_bf16(std::uint16_t bf16) {
  return bits_to<float>(static_cast<std::uint32_t>(bf16) << 16);
}

// bf16, to one of the two neighbours: rounds away from zero with a probability equal to the value's
// distance from the neighbour nearer to zero, as a share of their gap. So the mean over all
// chances, uniform in [0, 2^16), is the value.
SWITCHYARD_HD inline std::uint16_t bf16_by_chance(float value, std::uint32_t chance) {
  const auto bits = bits_to<std::uint32_t>(value);
  const bool finite = (bits & 0x7f800000U) != 0x7f800000U;
  return finite ? static_cast<std::uint16_t>((bits + chance) >> 16) : bf16_of(value);
}

// These bits order as the magnitudes of floats do; NaN is the largest.
SWITCHYARD_HD inline std::uint32_t magnitude_bits(float value) {
  return bits_to<std::uint32_t>(value) & 0x7fffffffU;
}

// A group of numbers as codes of -127..127 times `scale`; code = nearest(number * inverse).
struct Int8Scale {
  float scale, inverse;
};

// largest: magnitude_bits of the group's largest element. A group too small to scale becomes zeros;
// a group with an element that is not finite gets a scale of NaN.
SWITCHYARD_HD inline Int8Scale int8_scale(std::uint32_t largest) {
  const float magnitude = bits_to<float>(largest >= 0x7f800000U ? 0x7fc00000U : largest);
  const float scale = magnitude / 127.0F;
  return {scale, scale >= 1.2e-38F ? 1.0F / scale : 0.0F};
}

// To nearest, ties to even: adding 1.5 * 2^23 leaves the integer in the low bits.
SWITCHYARD_HD inline std::int32_t int8_code(float value, float inverse) {
  return bits_to<std::int32_t>(value * inverse + 12582912.0F) - bits_to<std::int32_t>(12582912.0F);
}

}  // namespace switchyard
