#include "runtime/codes/weight_codes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"

namespace switchyard {

float code_scale(std::span<const float> group, int bits) {
  float largest = 0.0F;
  for (const float weight : group) {
    if (!std::isfinite(weight)) return std::numeric_limits<float>::quiet_NaN();
    largest = std::max(largest, std::abs(weight));
  }
  const float half_range = static_cast<float>((1 << bits) - 1) / 2.0F;
  return std::max(largest / half_range, std::numeric_limits<float>::epsilon());
}

float code_of(float weight, float scale, int bits) {
  const auto half = static_cast<float>(1 << (bits - 1));
  return std::clamp(std::nearbyintf(weight / scale), -half, half - 1);
}

std::int64_t bytes_of_codes(std::int64_t elements, int bits) { return elements * bits / 8; }

std::byte packed_int4(float first, float second) {
  const auto nibble = [](float code) {
    return static_cast<unsigned>(static_cast<int>(code)) & 15U;
  };
  return static_cast<std::byte>(nibble(first) | nibble(second) << 4U);
}

int unpacked_int4(std::byte pair, bool second) {
  const int nibble = static_cast<int>(second ? pair >> 4U : pair & std::byte{15});
  return nibble < 8 ? nibble : nibble - 16;
}

void decode_weights(std::span<const std::byte> codes, std::span<const float> scales,
                    const CodeFormat& format, std::span<float> weights) {
  require(std::ssize(weights) == std::ssize(scales) * format.group &&
              std::ssize(codes) == bytes_of_codes(std::ssize(weights), format.bits),
          "{} codes of {} weights in {} groups", codes.size(), weights.size(), scales.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const int code = format.bits == 4 ? unpacked_int4(codes[i / 2], i % 2 == 1)
                                      : static_cast<int>(static_cast<std::int8_t>(codes[i]));
    weights[i] = static_cast<float>(code) * scales[i / static_cast<std::size_t>(format.group)];
  }
}

}  // namespace switchyard
