// The part of an operand that a tile of a matrix product reads, in shared memory. For .cu files.
#pragma once

#include "runtime/device/kernel.h"
#include "runtime/tile/mma.h"

namespace switchyard {

inline constexpr int product_rows = 64, product_cols = 128, product_threads = 128;
inline constexpr int product_stages = 3;

// Whether an operand's rows are lines of the tile, with k along them, or steps of k.
enum class Lies : std::uint8_t { along_k, across_k };

// The lines of an operand that a tile reads: rows of the left matrix, columns of the right. Every
// row begins at a multiple of 16 bytes. Whichever of lines and depth lies along rows is a multiple
// of 16 bytes too.
template <class Element>
struct TileOperand {
  const Element* data;  // line 0, k = 0
  std::int64_t stride;  // between rows
  std::int64_t lines, depth;
};

// `lines` lines by `depth` steps of k in shared memory, in the operand's own order. Rows are padded
// so that a warp reads from different banks at once.
template <class Element, Lies lies, int lines, int depth>
struct SharedTile {
  static constexpr int piece = 16 / static_cast<int>(sizeof(Element));  // elements
  static constexpr int rows = lies == Lies::along_k ? lines : depth;
  static constexpr int cols = lies == Lies::along_k ? depth : lines;
  static constexpr int stride = cols + (lies == Lies::along_k ? piece : 8);
  static constexpr int size = rows * stride;

  Element* data;

  __device__ Element* at(int line, int k) const {
    return data + (lies == Lies::along_k ? line * stride + k : k * stride + line);
  }
  // Steps [k, k + depth) of k; zeros beyond the operand.
  __device__ void begin_copy(const TileOperand<Element>& from, std::int64_t k) const {
    constexpr int pieces = cols / piece;
    for (int i = threadIdx.x; i < rows * pieces; i += product_threads) {
      const int row = i / pieces, col = i % pieces * piece;
      const std::int64_t line = lies == Lies::along_k ? row : col;
      const std::int64_t step = k + (lies == Lies::along_k ? col : row);
      const bool inside = line < from.lines && step < from.depth;
      const std::int64_t place =
          lies == Lies::along_k ? line * from.stride + step : step * from.stride + line;
      begin_copy16(from.data + (inside ? place : 0), !inside, data + row * stride + col);
    }
  }
};

// A thread's part of a tile: of_tile[i][j][e] is in row 16 i + 8 (e / 2) + lane / 4 and in the
// warp's column 8 j + Math::column(e).
struct TileSums {
  float of_tile[4][4][4] = {};
};

__device__ inline int product_lane() { return static_cast<int>(threadIdx.x) % warp_size; }
__device__ inline int product_warp_column() {
  return static_cast<int>(threadIdx.x) / warp_size * (product_cols / 4);
}

}  // namespace switchyard
