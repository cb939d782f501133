// How kernels share out rows and sum over each: a warp to a short row, a block to a long one. For
// .cu files.
#pragma once

#include "runtime/device/kernel.h"

namespace switchyard {

// threadIdx.x counts the threads of a row; row_of_thread() is the row, and may lie beyond the last
// one.
inline Grid row_grid(std::int64_t rows, std::int64_t n) {
  constexpr std::int64_t short_row = 1024;
  if (n <= short_row) return {.blocks = ceil_div(rows, 8), .threads = {warp_size, 8}};
  return {.blocks = rows, .threads = 256, .shared_bytes = 256 / warp_size * sizeof(float)};
}

__device__ __forceinline__ std::int64_t row_of_thread() {
  return std::int64_t{blockIdx.x} * blockDim.y + threadIdx.y;
}

// The sum over a row's threads, in a fixed order; every one of them gets it.
__device__ __forceinline__ float row_sum(float value) {
  return blockDim.x == warp_size ? warp_sum(value) : block_sum(value, shared_memory<float>());
}

}  // namespace switchyard
