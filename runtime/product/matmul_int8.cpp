#include "runtime/product/matmul_int8.h"

#include <algorithm>
#include <array>

#include "runtime/hd.h"
#include "runtime/product/int8_codes.h"
#include "runtime/product/matmul_library.h"

namespace switchyard {
namespace {

constexpr std::int64_t int8_rows = 4, int8_cols = 3;

// sums[r][c] = dot(a_r, b_c) over k codes. Codes are widened to 16 bits: products of pairs add up
// in one instruction of any x86-64 and of Arm.
SWITCHYARD_MULTIVERSION
void dot_block(const std::int16_t* a, const std::int16_t* b, std::int64_t k, std::int32_t* sums) {
  std::int32_t sum[int8_rows * int8_cols] = {};
  for (std::int64_t i = 0; i < k; ++i) {
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < int8_rows; ++r) {
#pragma GCC unroll 3
      for (std::int64_t c = 0; c < int8_cols; ++c) {
        sum[r * int8_cols + c] +=
            static_cast<std::int32_t>(a[r * k + i]) * static_cast<std::int32_t>(b[c * k + i]);
      }
    }
  }
  for (std::int64_t i = 0; i < int8_rows * int8_cols; ++i) sums[i] = sum[i];
}

// Lies in the calling thread's memory while a product runs. Lines of zeros complete the last block
// of the kernel.
template <class Code>
struct Codes {
  Code* codes;
  float* scales;
};

template <class Code>
Codes<Code> scratch_for(Buffer& scratch, std::int64_t lines, std::int64_t k) {
  const std::int64_t filled = lines + int8_rows;
  const auto code_bytes = static_cast<std::int64_t>(sizeof(Code)) * filled * k;
  const std::int64_t aligned = (code_bytes + 63) / 64 * 64;
  const std::int64_t bytes = aligned + 4 * filled;
  if (scratch.tensor().bytes() < bytes) scratch = Buffer(Shape{bytes}, DType::u8);
  auto* data = static_cast<std::byte*>(scratch.tensor().data);
  std::fill_n(reinterpret_cast<Code*>(data) + lines * k, int8_rows * k, Code{0});
  return {reinterpret_cast<Code*>(data), reinterpret_cast<float*>(data + aligned)};
}

void write_row(const std::int32_t* sums, std::int64_t count, float row_scale,
               const float* col_scales, Write write, float* out) {
  for (std::int64_t c = 0; c < count; ++c) {
    const float value = static_cast<float>(sums[c]) * row_scale * col_scales[c];
    out[c] = write == Write::add ? out[c] + value : value;
  }
}

struct Product {
  const MatmulShape& shape;
  Write write;
  float* out;
  std::int64_t rows() const { return (shape.m + int8_lines - 1) / int8_lines; }
};

// Computes rows [begin, begin + count) of out by our own kernel.
void multiply_codes(const Product& product, const Codes<std::int16_t>& a,
                    const Codes<std::int16_t>& b, std::int64_t begin, std::int64_t count) {
  const std::int64_t k = product.shape.k, n = product.shape.n;
  for (std::int64_t c = 0; c < n; c += int8_cols) {
    const std::int64_t cols = std::min(int8_cols, n - c);
    for (std::int64_t r = begin; r < begin + count; r += int8_rows) {
      std::int32_t sums[int8_rows * int8_cols];
      dot_block(a.codes + r * k, b.codes + c * k, k, sums);
      for (std::int64_t i = 0; i < std::min(int8_rows, begin + count - r); ++i) {
        write_row(sums + i * int8_cols, cols, a.scales[r + i], b.scales + c, product.write,
                  product.out + (r + i) * n + c);
      }
    }
  }
}

// Does the same by the library.
void multiply_codes(const Product& product, const Codes<std::int8_t>& a,
                    const Codes<std::int8_t>& b, std::int64_t begin, std::int64_t count,
                    MatmulLibrary& library) {
  const std::int64_t k = product.shape.k, n = product.shape.n;
  thread_local Buffer scratch;
  if (scratch.tensor().size() < count * n) scratch = Buffer(Shape{count * n}, DType::i32);
  auto* sums = scratch.tensor().as<std::int32_t>();
  library.run_int8(count, n, k, a.codes + begin * k, b.codes, sums);
  for (std::int64_t r = 0; r < count; ++r) {
    write_row(sums + r * n, n, a.scales[begin + r], b.scales, product.write,
              product.out + (begin + r) * n);
  }
}

template <class Code, class Multiply>
void multiply_as(const Product& product, const OperandLines& rows, const OperandLines& cols,
                 Stream& stream, Multiply multiply) {
  thread_local std::array<Buffer, 2> scratches;
  const Codes<Code> a = scratch_for<Code>(scratches[0], rows.count, rows.k);
  const Codes<Code> b = scratch_for<Code>(scratches[1], cols.count, cols.k);
  encode_int8(rows, a.codes, a.scales, stream);
  encode_int8(cols, b.codes, b.scales, stream);
  parallel_for(stream, product.rows(), [&](std::int64_t unit) {
    const std::int64_t begin = unit * int8_lines;
    multiply(a, b, begin, std::min(int8_lines, product.shape.m - begin));
  });
}

}  // namespace

OperandLines lines_of_rows(const MatmulShape& shape, const float* a) {
  return shape.op_a == Op::plain ? OperandLines{a, shape.m, shape.k, shape.k, 1}
                                 : OperandLines{a, shape.m, shape.k, 1, shape.m};
}

OperandLines lines_of_columns(const MatmulShape& shape, const float* b) {
  return shape.op_b == Op::plain ? OperandLines{b, shape.n, shape.k, 1, shape.n}
                                 : OperandLines{b, shape.n, shape.k, shape.k, 1};
}

void check_int8_terms(const MatmulShape& shape) {
  require(shape.k <= int8_terms, Exit::usage,
          "an int8 product sums {} terms, and at most {} fit its 32 bits: use a smaller "
          "micro-batch, or train.precision = \"bf16\" without int8",
          shape.k, int8_terms);
}

void multiply_int8(const MatmulShape& shape, Write write, const float* a, const float* b,
                   float* out, Stream& stream) {
  check_int8_terms(shape);
  const OperandLines rows = lines_of_rows(shape, a), cols = lines_of_columns(shape, b);
  const Product product{shape, write, out};
  MatmulLibrary& library = matmul_library(stream);
  if (library.multiplies_int8()) {
    multiply_as<std::int8_t>(product, rows, cols, stream,
                             [&](auto&&... part) { multiply_codes(product, part..., library); });
  } else {
    multiply_as<std::int16_t>(product, rows, cols, stream,
                              [&](auto&&... part) { multiply_codes(product, part...); });
  }
}

}  // namespace switchyard
