#include "runtime/product/own_panel.h"

#include <algorithm>
#include <cstring>

#include "runtime/hd.h"

namespace switchyard {
namespace {

using Eight = float __attribute__((vector_size(32)));

// Interleaving rows i and i + 4 three times transposes.
SWITCHYARD_MULTIVERSION
void transpose(const float* from, std::int64_t apart, float* to, std::int64_t stride) {
  Eight row[8], next[8];
  for (int i = 0; i < 8; ++i) std::memcpy(&row[i], from + i * apart, sizeof(Eight));
#pragma GCC unroll 3
  for (int stage = 0; stage < 3; ++stage) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      next[2 * i] = __builtin_shufflevector(row[i], row[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
      next[2 * i + 1] = __builtin_shufflevector(row[i], row[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) row[i] = next[i];
  }
  for (int i = 0; i < 8; ++i) std::memcpy(to + i * stride, &row[i], sizeof(Eight));
}

// panel[s][j] = rows[j * apart + s] for j < cols.
void pack_transposed(const float* rows, std::int64_t apart, std::int64_t k, std::int64_t cols,
                     std::int64_t lanes, float* panel) {
  const std::int64_t whole_k = k / 8 * 8, whole_cols = cols / 8 * 8;
  for (std::int64_t j = 0; j < whole_cols; j += 8) {
    for (std::int64_t s = 0; s < whole_k; s += 8)
      transpose(rows + j * apart + s, apart, panel + s * lanes + j, lanes);
  }
  for (std::int64_t j = 0; j < cols; ++j) {
    for (std::int64_t s = j < whole_cols ? whole_k : 0; s < k; ++s)
      panel[s * lanes + j] = rows[j * apart + s];
  }
}

}  // namespace

void transpose_eight(const float* from, std::int64_t apart, float* to, std::int64_t stride) {
  transpose(from, apart, to, stride);
}

void pack_panel(const float* from, std::int64_t step, std::int64_t lane, std::int64_t k,
                std::int64_t cols, std::int64_t lanes, float* panel) {
  if (cols < lanes) std::fill_n(panel, k * lanes, 0.0F);
  if (lane == 1) {
    for (std::int64_t s = 0; s < k; ++s) std::copy_n(from + s * step, cols, panel + s * lanes);
  } else {
    pack_transposed(from, lane, k, cols, lanes, panel);
  }
}

}  // namespace switchyard
