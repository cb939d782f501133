#include "runtime/narrow.h"

#include <algorithm>
#include <cstring>

#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

constexpr std::size_t block = 1024;

SWITCHYARD_MULTIVERSION void narrow(const float* values, std::size_t count, std::uint16_t* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = bf16_of(values[i]);
}

SWITCHYARD_MULTIVERSION void widen(const std::uint16_t* bits, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = value_of_bf16(bits[i]);
}

}  // namespace

void narrow_to_bf16(std::span<const float> values, std::span<std::uint16_t> out) {
  require(values.size() == out.size(), "{} values for {} of bf16", values.size(), out.size());
  narrow(values.data(), values.size(), out.data());
}

// From the first value on: what is written never reaches bits that are still to be read.
void widen_within(std::span<const std::byte> bits, std::span<float> out) {
  require(bits.size() == 2 * out.size(), "{} bytes of bf16 for {} values", bits.size(), out.size());
  std::uint16_t some[block];
  for (std::size_t begin = 0; begin < out.size(); begin += block) {
    const std::size_t count = std::min(block, out.size() - begin);
    std::memcpy(some, bits.data() + 2 * begin, 2 * count);
    widen(some, count, out.data() + begin);
  }
}

}  // namespace switchyard
