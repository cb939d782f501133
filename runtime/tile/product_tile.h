// Tiles of a matrix product on a GPU: 64 rows by 128 columns. Four warps compute all rows of 32
// columns each. Both operands pass through shared memory in steps of k, three of which are loaded
// or arriving at a time (Ampere's asynchronous copies). A sum goes along k in order, so that its
// bits depend on nothing but its operands. For .cu files.
#pragma once

#include "runtime/tile/product_math.h"

namespace switchyard {

template <class Math, Lies left, Lies right>
struct ProductTiles {
  using Element = typename Math::Element;
  using Left = SharedTile<Element, left, product_rows, Math::depth>;
  using Right = SharedTile<Element, right, product_cols, Math::depth>;
  static constexpr int stage = Left::size + Right::size;
  static constexpr std::int64_t shared_bytes =
      std::int64_t{product_stages} * stage * static_cast<std::int64_t>(sizeof(Element));

  // sums += a b. All threads of the block call; shared memory is free again after a barrier.
  __device__ static void add(const TileOperand<Element>& a, const TileOperand<Element>& b,
                             TileSums& sums) {
    auto* shared = shared_memory<Element>();
    const auto left_at = [&](int step) { return Left{shared + step % product_stages * stage}; };
    const auto right_at = [&](int step) { return Right{left_at(step).data + Left::size}; };
    const int num_steps = static_cast<int>(ceil_div(a.depth, Math::depth));
    const auto begin_step = [&](int step) {
      if (step < num_steps) {
        left_at(step).begin_copy(a, std::int64_t{step} * Math::depth);
        right_at(step).begin_copy(b, std::int64_t{step} * Math::depth);
      }
      end_copy_group();
    };
    for (int step = 0; step < product_stages - 1; ++step) begin_step(step);
    for (int step = 0; step < num_steps; ++step) {
      wait_for_copies<product_stages - 2>();
      __syncthreads();  // the step has arrived, and no thread reads the step before it
      begin_step(step + product_stages - 1);
      if (product_warp_column() < b.lines)
        Math::add(left_at(step), right_at(step), static_cast<int>(a.lines), sums);
    }
  }

  // Calls use(row, column, sum) for this thread's elements of the tile.
  template <class Use>
  __device__ static void for_each(const TileSums& sums, std::int64_t rows, std::int64_t cols,
                                  Use use) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int row = 16 * i + 8 * (e / 2) + product_lane() / 4;
          const int col = product_warp_column() + 8 * j + Math::column(e);
          if (row < rows && col < cols) use(row, col, sums.of_tile[i][j][e]);
        }
      }
    }
  }
};

}  // namespace switchyard
