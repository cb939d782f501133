// Weight codes: a matrix of weights as int8 or int4 with a scale for each group of columns of a
// row. Symmetric: a weight is code * scale, with codes from -2^(bits-1) to 2^(bits-1) - 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/tensor.h"

namespace switchyard {

struct CodeFormat {
  int bits = 8;            // or 4
  std::int64_t group = 0;  // adjacent columns that share a scale; divides the columns

  bool operator==(const CodeFormat&) const = default;
};

// The scale of weights to nearest: the largest magnitude / (2^(bits-1) - 0.5), so that no weight is
// farther than half a scale from its code; never below the smallest normal step from 1 (2^-23), as
// torchao and compressed-tensors have it. NaN if a weight is not finite.
float code_scale(std::span<const float> group, int bits);
// To nearest, ties to even, clamped.
float code_of(float weight, float scale, int bits);

std::int64_t bytes_of_codes(std::int64_t elements, int bits);
// Two int4 codes in a byte: the low nibble is the first.
std::byte packed_int4(float first, float second);
int unpacked_int4(std::byte pair, bool second);

// weights[i] = codes[i] * its scale, for whole groups: as many as there are scales.
void decode_weights(std::span<const std::byte> codes, std::span<const float> scales,
                    const CodeFormat& format, std::span<float> weights);

}  // namespace switchyard
