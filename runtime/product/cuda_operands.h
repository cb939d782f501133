// Operands of matrix products in the form that a GPU multiplies. For .cu files.
#pragma once

#include <cstdint>

#include "runtime/product/int8_codes.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// Rows of bf16 and int8 begin at multiples of this many bytes, as tensor cores need them.
inline constexpr std::int64_t operand_bytes = 16;

constexpr std::int64_t padded_to(std::int64_t count, std::int64_t whole) {
  return (count + whole - 1) / whole * whole;
}

static_assert(operand_elements * sizeof(std::uint16_t) == operand_bytes);

// out: [rows, stride] bf16, zero beyond `cols`; in: [rows, cols] f32.
void round_to_bf16(const float* in, std::int64_t rows, std::int64_t cols, std::int64_t stride,
                   std::uint16_t* out, Stream& stream);

// codes: [padded_lines, stride], zero beyond the lines and beyond k; scales: [lines.count].
// They equal those of encode_int8 on a CPU.
void encode_on_device(const OperandLines& lines, std::int64_t padded_lines, std::int64_t stride,
                      std::int8_t* codes, float* scales, Stream& stream);

// out (= or +=) each sum times the scales of its row and column. sums: [m, stride]; out: [m, n].
void scale_sums(const std::int32_t* sums, std::int64_t stride, const float* row_scales,
                const float* col_scales, std::int64_t m, std::int64_t n, Write write, float* out,
                Stream& stream);

}  // namespace switchyard
