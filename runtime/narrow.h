// Many f32 values as bf16 and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace switchyard {

// To nearest even, as bf16_of(). Requires: as many of both.
void narrow_to_bf16(std::span<const float> values, std::span<std::uint16_t> out);

// The values of bf16 bits, exactly. The bits may be the second half of out's own bytes.
void widen_within(std::span<const std::byte> bits, std::span<float> out);

}  // namespace switchyard
