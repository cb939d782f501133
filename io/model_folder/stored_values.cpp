#include "io/model_folder/stored_values.h"

#include <cstdint>
#include <cstring>

#include "runtime/error.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

template <class T, class Convert>
void append_as(std::span<const float> values, Convert convert, std::vector<std::byte>& bytes) {
  std::size_t at = bytes.size();
  bytes.resize(at + values.size() * sizeof(T));
  for (const float value : values) {
    const T stored = convert(value);
    std::memcpy(bytes.data() + at, &stored, sizeof stored);
    at += sizeof stored;
  }
}

}  // namespace

void append_stored(std::span<const float> values, DType dtype, std::vector<std::byte>& bytes) {
  switch (dtype) {
    case DType::f32:
      return append_as<float>(
          values, [](float value) { return value; }, bytes);
    case DType::bf16:
      return append_as<std::uint16_t>(values, bf16_of, bytes);
    case DType::i8:
      return append_as<std::int8_t>(
          values, [](float value) { return static_cast<std::int8_t>(value); }, bytes);
    case DType::u8:
      return append_as<std::uint8_t>(
          values, [](float value) { return static_cast<std::uint8_t>(value); }, bytes);
    default:
      fail(Exit::internal, "values cannot be written as {}", name_of(dtype));
  }
}

}  // namespace switchyard
