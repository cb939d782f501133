// Tiles of a matrix product on a GPU: 64 rows or 128 by 128 columns, four or eight warps. Both
// operands pass through shared memory in steps of k, three of which are loaded or arriving at a
// time (Ampere's asynchronous copies). A sum goes along k in order, so that its bits depend on
// nothing but its operands, not on the size of the tile either. For .cu files.
#pragma once

#include "runtime/tile/product_math.h"

namespace switchyard {

template <class Math, Lies left, Lies right, int rows>
struct ProductTiles {
  using Element = typename Math::Element;
  static constexpr int threads = rows / warp_rows * (product_cols / warp_cols) * warp_size;
  using Left = SharedTile<Element, left, rows, Math::depth>;
  using Right = SharedTile<Element, right, product_cols, Math::depth>;
  static constexpr int stage = Left::size + Right::size;
  static constexpr std::int64_t shared_bytes =
      std::int64_t{product_stages} * stage * static_cast<std::int64_t>(sizeof(Element));

  // sums += a b. All threads of the block call; shared memory is free again after a barrier.
  __device__ static void add(const TileOperand<Element>& a, const TileOperand<Element>& b,
                             TileSums& sums) {
    if (a.lines >= rows && b.lines >= product_cols && a.depth % Math::depth == 0) {
      add_steps<true>(a, b, sums);
    } else {
      add_steps<false>(a, b, sums);
    }
  }

  // The same. whole: the operands fill all tiles, so that nothing has to be asked for in the loop.
  template <bool whole>
  __device__ static void add_steps(const TileOperand<Element>& a, const TileOperand<Element>& b,
                                   TileSums& sums) {
    TileCopies<Left, Element, left, Math::depth, threads> left_copies(a);
    TileCopies<Right, Element, right, Math::depth, threads> right_copies(b);
    Element* const shared = shared_memory<Element>();
    const auto pass = [](int& slot) { slot = slot == product_stages - 1 ? 0 : slot + 1; };
    int filled = 0, to_begin = (a.depth + Math::depth - 1) / Math::depth;
    const auto begin_step = [&] {
      if (--to_begin >= 0) {
        Element* const to = shared + filled * stage;
        left_copies.template begin<whole>(Left{to});
        right_copies.template begin<whole>(Right{to + Left::size});
        pass(filled);
      }
      end_copy_group();
    };
    const int warp_lines = a.lines - product_warp_row();
    const bool busy = whole || (warp_lines > 0 && product_warp_column() < b.lines);
    for (int step = 0; step < product_stages - 1; ++step) begin_step();
    int slot = 0;
    for (int steps = to_begin + product_stages - 1; steps > 0; --steps, pass(slot)) {
      wait_for_copies<product_stages - 2>();
      __syncthreads();  // the step has arrived, and no thread reads the step before it
      begin_step();
      if (!busy) continue;
      Element* const at = shared + slot * stage;
      Math::template add<whole>(Left{at}, Right{at + Left::size}, warp_lines, sums);
    }
  }

  // Calls use(row, column, sum) for this thread's elements of the tile.
  template <class Use>
  __device__ static void for_each(const TileSums& sums, int num_rows, int num_cols, Use use) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int row = product_warp_row() + 16 * i + 8 * (e / 2) + product_lane() / 4;
          const int col = product_warp_column() + 8 * j + Math::column(e);
          if (row < num_rows && col < num_cols) use(row, col, sums.of_tile[i][j][e]);
        }
      }
    }
  }
};

}  // namespace switchyard
