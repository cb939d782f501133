// Tiles of attention on a GPU: 256 threads form a square of 16 by 16, and each keeps a few rows and
// columns of a product in its registers.
#pragma once

#include "runtime/device/kernel.h"

namespace switchyard {

inline constexpr int tile_side = 16;  // threads along each side of a tile
inline constexpr int tile_threads = tile_side * tile_side;

// Rows of one head in shared memory, `dims` elements each, padded so that neighbouring rows begin
// in different banks.
template <int dims>
struct SharedRows {
  static constexpr int stride = dims + 4;
  float* data;

  __device__ float* at(int row) const { return data + row * stride; }
  __device__ float4 at4(int row, int dim) const { return load4(data + row * stride + dim); }
};

// Where the rows of one head lie in a [tokens, heads, head_dim] tensor.
struct DeviceRows {
  float* data;
  std::int64_t stride;
  int head_dim;

  __device__ float* at(std::int64_t row) const { return data + row * stride; }
};

// to[r] = from row first + r, times scale; zero beyond `end` and beyond the head's dims.
template <int rows, int dims>
__device__ void load_rows(DeviceRows from, std::int64_t first, std::int64_t end, float scale,
                          SharedRows<dims> to) {
  for (int i = threadIdx.x; i < rows * dims; i += tile_threads) {
    const int row = i / dims, dim = i % dims;
    const bool inside = first + row < end && dim < from.head_dim;
    to.at(row)[dim] = inside ? from.at(first + row)[dim] * scale : 0.0F;
  }
}

// sum[r][c] = dot of a's row 16 r + y with b's row 16 c + x.
template <int R, int C, int dims>
__device__ void dot_tile(SharedRows<dims> a, SharedRows<dims> b, float (&sum)[R][C]) {
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) sum[r][c] = 0.0F;
  for (int dim = 0; dim < dims; dim += 4) {
    float4 left[R], right[C];
    for (int r = 0; r < R; ++r) left[r] = a.at4(tile_side * r + y, dim);
    for (int c = 0; c < C; ++c) right[c] = b.at4(tile_side * c + x, dim);
    for (int r = 0; r < R; ++r) {
      for (int c = 0; c < C; ++c) {
        float& to = sum[r][c];
        to = std::fma(left[r].x, right[c].x, to);
        to = std::fma(left[r].y, right[c].y, to);
        to = std::fma(left[r].z, right[c].z, to);
        to = std::fma(left[r].w, right[c].w, to);
      }
    }
  }
}

// sum[r][c] += over the `inner` rows of b: weight[16 r + y][i] * b[i][16 c + x].
template <int R, int C, int inner, int dims>
__device__ void add_weighted_rows(SharedRows<inner> weight, SharedRows<dims> b,
                                  float (&sum)[R][C]) {
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;
  for (int i = 0; i < inner; i += 4) {
    float4 w[R];
    for (int r = 0; r < R; ++r) w[r] = weight.at4(tile_side * r + y, i);
    for (int c = 0; c < C; ++c) {
      const float* column = b.at(i) + tile_side * c + x;
      for (int r = 0; r < R; ++r) {
        float& to = sum[r][c];
        to = std::fma(w[r].x, column[0], to);
        to = std::fma(w[r].y, column[SharedRows<dims>::stride], to);
        to = std::fma(w[r].z, column[2 * SharedRows<dims>::stride], to);
        to = std::fma(w[r].w, column[3 * SharedRows<dims>::stride], to);
      }
    }
  }
}

// The sum, or the maximum, over the 16 threads that share a row.
__device__ __forceinline__ float row_of_tile_sum(float value) {
  for (int lanes = tile_side / 2; lanes > 0; lanes /= 2)
    value += __shfl_xor_sync(all_lanes, value, lanes);
  return value;
}
__device__ __forceinline__ float row_of_tile_max(float value) {
  for (int lanes = tile_side / 2; lanes > 0; lanes /= 2) {
    const float other = __shfl_xor_sync(all_lanes, value, lanes);
    value = other > value ? other : value;
  }
  return value;
}

// to's row first + 16 r + y = sum[r] * scale[r], for rows before `end`.
template <int R, int C>
__device__ void store_rows(const float (&sum)[R][C], const float (&scale)[R], std::int64_t first,
                           std::int64_t end, DeviceRows to) {
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;
  for (int r = 0; r < R; ++r) {
    const std::int64_t row = first + tile_side * r + y;
    for (int c = 0; c < C; ++c) {
      const int dim = tile_side * c + x;
      if (row < end && dim < to.head_dim) to.at(row)[dim] = sum[r][c] * scale[r];
    }
  }
}

}  // namespace switchyard
