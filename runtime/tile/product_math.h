// The arithmetic of a matrix product on a GPU: add() multiplies a warp's part of two tiles in
// shared memory, of whose rows the first `rows` count, or all if `whole`. For .cu files.
#pragma once

#include "runtime/tile/shared_tile.h"

namespace switchyard {

// Unrounded f32, by fused multiply-add.
struct MathF32 {
  using Element = float;
  static constexpr int depth = 16;

  __device__ static int column(int e) { return 4 * (e % 2) + product_lane() % 4; }

  template <bool whole, class Left, class Right>
  __device__ static void add(const Left& left, const Right& right, int rows, TileSums& sums) {
    const int row = product_warp_row() + product_lane() / 4, col = product_warp_column();
    for (int k = 0; k < depth; ++k) {
      float x[4][2], y[4][2];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          x[i][half] = *left.at(row + 16 * i + 8 * half, k);
          y[i][half] = *right.at(col + 8 * i + column(half), k);
        }
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (!whole && 16 * i >= rows) continue;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
#pragma unroll
          for (int e = 0; e < 4; ++e) {
            float& sum = sums.of_tile[i][j][e];
            sum = std::fma(x[i][e / 2], y[j][e % 2], sum);
          }
        }
      }
    }
  }
};

// f32, rounded to TF32 before it enters the tensor cores.
struct MathTf32 {
  using Element = float;
  static constexpr int depth = 16;

  __device__ static int column(int e) { return 2 * (product_lane() % 4) + e % 2; }

  template <bool whole, class Left, class Right>
  __device__ static void add(const Left& left, const Right& right, int rows, TileSums& sums) {
    const int row = product_lane() / 4, step = product_lane() % 4, col = product_warp_column();
    const int first = product_warp_row() + row;
#pragma unroll
    for (int k = step; k < depth + step; k += 8) {
      std::uint32_t y[4][2];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int half = 0; half < 2; ++half)
          y[j][half] = tf32_of(*right.at(col + 8 * j + row, k + 4 * half));
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (!whole && 16 * i >= rows) continue;
        std::uint32_t x[4];
#pragma unroll
        for (int part = 0; part < 4; ++part)
          x[part] = tf32_of(*left.at(first + 16 * i + 8 * (part % 2), k + 4 * (part / 2)));
#pragma unroll
        for (int j = 0; j < 4; ++j) multiply_tf32(x, y[j], sums.of_tile[i][j]);
      }
    }
  }
};

// bf16 with sums in f32.
struct MathBf16 {
  using Element = std::uint16_t;
  static constexpr int depth = 32;

  __device__ static int column(int e) { return MathTf32::column(e); }

  // 16 lines by 16 steps of k, as the tensor cores take a left operand: the two halves of the
  // lines, then those of the next 8 steps.
  template <Lies lies, int lines>
  __device__ static void load_left(const SharedTile<Element, lies, lines, depth>& tile, int line,
                                   int k, std::uint32_t (&to)[4]) {
    const int lane = product_lane(), second = lane / 16 * 8;
    if constexpr (lies == Lies::along_k) {
      load_matrices(tile.at(line + lane % 16, k + second), to);
    } else {
      load_transposed(tile.at(line + lane / 8 % 2 * 8, k + second + lane % 8), to);
    }
  }
  // The same of a right operand: the two halves of the steps of k, then those of the next 8 lines.
  template <Lies lies, int lines>
  __device__ static void load_right(const SharedTile<Element, lies, lines, depth>& tile, int line,
                                    int k, std::uint32_t (&to)[4]) {
    const int lane = product_lane(), second = lane / 16 * 8, half = lane / 8 % 2 * 8;
    if constexpr (lies == Lies::along_k) {
      load_matrices(tile.at(line + second + lane % 8, k + half), to);
    } else {
      load_transposed(tile.at(line + second, k + half + lane % 8), to);
    }
  }

  template <bool whole, class Left, class Right>
  __device__ static void add(const Left& left, const Right& right, int rows, TileSums& sums) {
#pragma unroll
    for (int k = 0; k < depth; k += 16) {
      std::uint32_t y[4][2];
#pragma unroll
      for (int j = 0; j < 4; j += 2) {
        std::uint32_t two[4];
        load_right(right, product_warp_column() + 8 * j, k, two);
        y[j][0] = two[0], y[j][1] = two[1];
        y[j + 1][0] = two[2], y[j + 1][1] = two[3];
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (!whole && 16 * i >= rows) continue;
        std::uint32_t x[4];
        load_left(left, product_warp_row() + 16 * i, k, x);
#pragma unroll
        for (int j = 0; j < 4; ++j) multiply_bf16(x, y[j], sums.of_tile[i][j]);
      }
    }
  }
};

}  // namespace switchyard
