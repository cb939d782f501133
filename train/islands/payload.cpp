#include "train/islands/payload.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/error.h"
#include "runtime/rounding.h"
#include "train/islands/fragments.h"

namespace switchyard {
namespace {

constexpr float max_code = 127.0F;
constexpr auto block = static_cast<std::size_t>(payload_block);

template <class T>
void put(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

template <class T>
T get(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// One block: the scale, then a code for each element.
constexpr std::size_t int8_block_bytes = sizeof(float) + block;

void encode_int8(const float* differences, std::byte* out) {
  float most = 0.0F;
  bool finite = true;
  for (std::size_t i = 0; i < block; ++i) {
    finite = finite && std::isfinite(differences[i]);
    most = std::max(most, std::fabs(differences[i]));
  }
  const float scale = finite ? most / max_code : std::numeric_limits<float>::quiet_NaN();
  put(out, scale);
  for (std::size_t i = 0; i < block; ++i) {
    const float code = scale > 0.0F ? std::nearbyint(differences[i] / scale) : 0.0F;
    put(out + sizeof(float) + i, static_cast<std::int8_t>(std::clamp(code, -max_code, max_code)));
  }
}

}  // namespace

std::int64_t payload_bytes(IslandPayload kind, std::int64_t elements) {
  switch (kind) {
    case IslandPayload::f32:
      return 4 * elements;
    case IslandPayload::bf16:
      return 2 * elements;
    case IslandPayload::int8:
      return elements / payload_block * static_cast<std::int64_t>(int8_block_bytes);
  }
  fail(Exit::internal, "unknown payload");
}

void encode(IslandPayload kind, std::span<const float> values, std::span<const float> base,
            std::span<std::byte> out) {
  if (kind == IslandPayload::f32) {
    std::memcpy(out.data(), values.data(), values.size_bytes());
    return;
  }
  float differences[block];
  for (std::size_t first = 0; first < values.size(); first += block) {
    for (std::size_t i = 0; i < block; ++i) differences[i] = values[first + i] - base[first + i];
    if (kind == IslandPayload::int8) {
      encode_int8(differences, out.data() + first / block * int8_block_bytes);
      continue;
    }
    for (std::size_t i = 0; i < block; ++i)
      put(out.data() + 2 * (first + i), bf16_of(differences[i]));
  }
}

void decode(IslandPayload kind, std::span<const std::byte> in, std::span<const float> base,
            std::span<double> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (kind == IslandPayload::f32) {
      out[i] = get<float>(in.data() + 4 * i);
    } else if (kind == IslandPayload::bf16) {
      out[i] = double{base[i]} + value_of_bf16(get<std::uint16_t>(in.data() + 2 * i));
    } else {
      const std::byte* const from = in.data() + i / block * int8_block_bytes;
      const auto code = get<std::int8_t>(from + sizeof(float) + i % block);
      out[i] = double{base[i]} + double{get<float>(from)} * code;
    }
  }
}

}  // namespace switchyard
