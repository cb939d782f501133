// Operand: a matrix of a CPU product, as it is stored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace switchyard {

// Elements are f32, or bf16 if the library multiplies bf16. Rows begin `stride` elements apart.
struct Operand {
  const std::byte* data;
  std::int64_t stride;
  std::int64_t element_bytes = sizeof(float);

  Operand(const void* first, std::int64_t elements_apart, std::int64_t bytes_each = sizeof(float))
      : data(static_cast<const std::byte*>(first)),
        stride(elements_apart),
        element_bytes(bytes_each) {}
  Operand from_row(std::int64_t row) const {
    return {data + row * stride * element_bytes, stride, element_bytes};
  }
};

}  // namespace switchyard
