// f32 values as the bytes of a narrower dtype, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace switchyard {

// IEEE 754 binary16, to nearest even; beyond its range infinity. NaN stays NaN.
std::uint16_t f16_of(float value);
float value_of_f16(std::uint16_t half);

// The bytes of `values` as dtype, "F32", "BF16" or "F16", each rounded once to nearest even.
// Errors: Exit::data for a finite value that F16 cannot hold.
std::string bytes_as(const std::string& dtype, std::span<const float> values);

// The values of f16 bits, which may be the second half of out's own bytes.
void widen_f16_within(std::span<const std::byte> bits, std::span<float> out);

// True for the dtypes of both functions.
bool is_float_dtype(const std::string& dtype);
// The values of the bytes of such a dtype, each exactly. Requires: as many bytes as out takes.
void values_as(const std::string& dtype, std::span<const std::byte> bytes, std::span<float> out);

}  // namespace switchyard
