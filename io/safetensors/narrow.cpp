#include "io/safetensors/narrow.h"

#include <cmath>
#include <cstring>

#include "runtime/error.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

constexpr float largest_f16 = 65504.0F;

template <class Narrow>
std::string narrowed(std::span<const float> values, Narrow narrow) {
  std::string bytes(values.size() * sizeof(std::uint16_t), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t value = narrow(values[i]);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
  return bytes;
}

template <class Widen>
void widen(std::span<const std::byte> bytes, std::span<float> out, Widen widen_one) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t value = 0;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    out[i] = widen_one(value);
  }
}

std::uint16_t f16_in_range(float value) {
  const std::uint16_t half = f16_of(value);
  require(!std::isfinite(value) || std::isfinite(value_of_f16(half)), Exit::data,
          "the value {} does not fit into f16, whose largest is {}: use bf16", value, largest_f16);
  return half;
}

}  // namespace

std::uint16_t f16_of(float value) {
  const auto bits = bits_to<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return sign | 0x7e00U;
  if (magnitude >= 0x47800000U) return sign | 0x7c00U;  // 2^16 and more
  if (magnitude < 0x38800000U) {  // below 2^-14: adding 0.5 leaves multiples of 2^-24
    const float shifted = bits_to<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (bits_to<std::uint32_t>(shifted) - 0x3f000000U));
  }
  const std::uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13) & 1U);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

float value_of_f16(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16, magnitude = half & 0x7fffU;
  if (magnitude >= 0x7c00U)
    return bits_to<float>(sign | 0x7f800000U | ((magnitude & 0x3ffU) << 13));
  if (magnitude < 0x400U) {
    const float value = static_cast<float>(magnitude) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  return bits_to<float>(sign | ((magnitude << 13) + 0x38000000U));
}

std::string bytes_as(const std::string& dtype, std::span<const float> values) {
  if (dtype == "BF16") return narrowed(values, bf16_of);
  if (dtype == "F16") return narrowed(values, f16_in_range);
  require(dtype == "F32", "no values are written as {}", dtype);
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// From the first value on: what is written never reaches bits that are still to be read.
void widen_f16_within(std::span<const std::byte> bits, std::span<float> out) {
  widen(bits, out, value_of_f16);
}

bool is_float_dtype(const std::string& dtype) {
  return dtype == "F32" || dtype == "BF16" || dtype == "F16";
}

void values_as(const std::string& dtype, std::span<const std::byte> bytes, std::span<float> out) {
  require(is_float_dtype(dtype), "no values are read from {}", dtype);
  const std::size_t each = dtype == "F32" ? sizeof(float) : sizeof(std::uint16_t);
  require(bytes.size() == out.size() * each, "{} bytes for {} values", bytes.size(), out.size());
  if (dtype == "BF16") return widen(bytes, out, value_of_bf16);
  if (dtype == "F16") return widen(bytes, out, value_of_f16);
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

}  // namespace switchyard
