// Rounds the operands of an int8 product to codes (runtime/product/precision.h).
#pragma once

#include <cstdint>

#include "runtime/device/stream.h"

namespace switchyard {

// The unit of work of a thread, in lines.
inline constexpr std::int64_t int8_lines = 64;

// An operand as the product reads it: lines along k, one per row or column of the result. Line i
// begins at data + i * line_stride; its elements lie k_stride apart. One of the strides is 1.
struct OperandLines {
  const float* data;
  std::int64_t count, k, line_stride, k_stride;
};

// Encodes one line of `count` adjacent elements. Returns its scale.
float encode_int8_line(const float* line, std::int64_t count, std::int8_t* codes);
// codes: [count, k], scales: [count]. A line with an element that is not finite gets the scale NaN.
void encode_int8(const OperandLines& in, std::int8_t* codes, float* scales, Stream& stream);
// The same codes in 16 bits.
void encode_int8(const OperandLines& in, std::int16_t* codes, float* scales, Stream& stream);

}  // namespace switchyard
