// The part of an operand that a tile of a matrix product reads, in shared memory. For .cu files.
#pragma once

#include "runtime/device/kernel.h"
#include "runtime/tile/mma.h"

namespace switchyard {

// A tile has 128 columns, and 64 rows or 128; each of its warps computes 64 rows of 32 columns.
inline constexpr int product_cols = 128, warp_rows = 64, warp_cols = 32;
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
  int lines, depth;
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
};

// Copies an operand into tiles of one shape, step of k by step of k. A thread copies the same
// pieces of every tile, so that its address in the operand moves on by a constant.
template <class Tile, class Element, Lies lies, int depth, int threads>
class TileCopies {
 public:
  __device__ explicit TileCopies(const TileOperand<Element>& from)
      : next_(from.data + row() * from.stride + col()),
        stride_(from.stride),
        lines_(from.lines),
        depth_(from.depth) {}

  // The next steps; zeros beyond the operand. whole: it has all lines and steps of the tile.
  template <bool whole>
  __device__ void begin(const Tile& to) {
    Element* const place = to.data + row() * Tile::stride + col();
#pragma unroll
    for (int i = 0; i < Tile::rows / rows_at_once; ++i) {
      const int below = i * rows_at_once;
      const bool inside =
          whole || (lies == Lies::along_k ? row() + below < lines_ && col() < depth_
                                          : col() < lines_ && row() + below < depth_);
      begin_copy16(next_ + below * stride_, !inside, place + below * Tile::stride);
    }
    next_ += lies == Lies::along_k ? depth : depth * stride_;
    depth_ -= depth;
  }

 private:
  static constexpr int pieces = Tile::cols / Tile::piece, rows_at_once = threads / pieces;
  static_assert(threads % pieces == 0 && Tile::rows % rows_at_once == 0);

  __device__ static int row() { return static_cast<int>(threadIdx.x) / pieces; }
  __device__ static int col() { return static_cast<int>(threadIdx.x) % pieces * Tile::piece; }

  const Element* next_;
  std::int64_t stride_;
  int lines_, depth_;  // of the operand, from the next step on
};

// A thread's part of a tile: of_tile[i][j][e] is in the warp's row 16 i + 8 (e / 2) + lane / 4 and
// in its column 8 j + Math::column(e).
struct TileSums {
  float of_tile[4][4][4] = {};
};

__device__ inline int product_lane() { return static_cast<int>(threadIdx.x) % warp_size; }
__device__ inline int product_warp() { return static_cast<int>(threadIdx.x) / warp_size; }
__device__ inline int product_warp_column() {
  return product_warp() % (product_cols / warp_cols) * warp_cols;
}
__device__ inline int product_warp_row() {
  return product_warp() / (product_cols / warp_cols) * warp_rows;
}

}  // namespace switchyard
