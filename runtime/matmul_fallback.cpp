#include "runtime/matmul_fallback.h"

#include <algorithm>
#include <vector>

#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {
namespace {

constexpr std::int64_t rows_at_once = 4;
constexpr std::int64_t cols_at_once = 32;

// sum[r][c] += a[r][k] * b[k][c] for all k in ascending order. a: rows_at_once x k, packed; b: k x
// cols_at_once, packed.
SWITCHYARD_MULTIVERSION
void multiply_panel(const float* a, const float* b, std::int64_t k, float* sum) {
  float acc[rows_at_once][cols_at_once];
  std::copy_n(sum, rows_at_once * cols_at_once, &acc[0][0]);
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t r = 0; r < rows_at_once; ++r) {
      const float scale = a[i * rows_at_once + r];
      for (std::int64_t c = 0; c < cols_at_once; ++c) {
        acc[r][c] = fma_f32(scale, b[i * cols_at_once + c], acc[r][c]);
      }
    }
  }
  std::copy_n(&acc[0][0], rows_at_once * cols_at_once, sum);
}

// packed[i][lane] = element (first + lane, i) of the outer-by-k matrix, zero beyond `outer`.
void pack(const float* in, std::int64_t first, std::int64_t outer, std::int64_t lanes,
          std::int64_t k, std::int64_t outer_stride, std::int64_t k_stride, float* packed) {
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t o = first + lane;
      packed[i * lanes + lane] = o < outer ? in[o * outer_stride + i * k_stride] : 0.0F;
    }
  }
}

}  // namespace

void fallback_matmul(const MatmulShape& shape, Write write, Operand a, Operand b, float* out) {
  const auto& [m, n, k, op_a, op_b, precision] = shape;
  const std::int64_t a_row = op_a == Op::plain ? a.stride : 1,
                     a_k = op_a == Op::plain ? 1 : a.stride;
  const std::int64_t b_col = op_b == Op::plain ? 1 : b.stride,
                     b_k = op_b == Op::plain ? b.stride : 1;
  std::vector<float> packed_a(static_cast<std::size_t>(k * (m + rows_at_once)));
  std::vector<float> packed_b(static_cast<std::size_t>(k * cols_at_once));
  for (std::int64_t r = 0; r < m; r += rows_at_once) {
    pack(reinterpret_cast<const float*>(a.data), r, m, rows_at_once, k, a_row, a_k,
         packed_a.data() + r * k);
  }
  for (std::int64_t c = 0; c < n; c += cols_at_once) {
    pack(reinterpret_cast<const float*>(b.data), c, n, cols_at_once, k, b_col, b_k,
         packed_b.data());
    for (std::int64_t r = 0; r < m; r += rows_at_once) {
      float sum[rows_at_once * cols_at_once] = {};
      multiply_panel(packed_a.data() + r * k, packed_b.data(), k, sum);
      for (std::int64_t i = 0; i < std::min(rows_at_once, m - r); ++i) {
        float* row = out + (r + i) * n + c;
        const float* from = sum + i * cols_at_once;
        for (std::int64_t j = 0; j < std::min(cols_at_once, n - c); ++j) {
          row[j] = write == Write::add ? row[j] + from[j] : from[j];
        }
      }
    }
  }
}

}  // namespace switchyard
