// Payloads: how floats travel between islands. f32 as they are; bf16 and int8 as rounded
// differences from what both sides know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "train/config.h"

namespace switchyard {

// Bytes of `elements`, a multiple of payload_block. int8: codes, and an f32 scale for each block.
std::int64_t payload_bytes(IslandPayload kind, std::int64_t elements);

// values - base, rounded to nearest (int8: the largest magnitude of a block is 127); f32: the
// values. A block with a value that is not finite arrives as NaN. Sizes: those of `out` by
// payload_bytes.
void encode(IslandPayload kind, std::span<const float> values, std::span<const float> base,
            std::span<std::byte> out);
// base + what was encoded, exact but for f64's rounding; f32: the values.
void decode(IslandPayload kind, std::span<const std::byte> in, std::span<const float> base,
            std::span<double> out);

}  // namespace switchyard
