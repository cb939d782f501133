// How the kernels of a gate divide its tokens: one warp per token, eight tokens per block. For .cu
// files.
#pragma once

#include "router/math.h"
#include "runtime/device/kernel.h"

namespace switchyard {

inline constexpr int tokens_per_block = 8;
inline constexpr std::int64_t max_gpu_experts = 1024;  // so that a block's rows fit in 99 KiB

struct GateRow {
  std::int64_t token;
  int lane;
  bool inside;

  __device__ explicit GateRow(std::int64_t tokens)
      : token(std::int64_t{blockIdx.x} * tokens_per_block + threadIdx.y),
        lane(static_cast<int>(threadIdx.x)),
        inside(token < tokens) {}
};

// The k largest of `values`, best first, ties to the lower index: k rounds in which the lanes agree
// on one. Overwrites values.
__device__ inline void top_k_of_warp(float* values, int count, int k, int lane,
                                     std::int32_t* chosen) {
  for (int c = 0; c < k; ++c) {
    float best = -__builtin_inff();
    int index = count;
    for (int i = lane; i < count; i += warp_size) {
      if (values[i] > best || (index == count && values[i] == best)) {
        best = values[i];
        index = i;
      }
    }
    for (int lanes = warp_size / 2; lanes > 0; lanes /= 2) {
      const float other = __shfl_xor_sync(all_lanes, best, lanes);
      const int other_index = __shfl_xor_sync(all_lanes, index, lanes);
      if (other > best || (other == best && other_index < index)) {
        best = other;
        index = other_index;
      }
    }
    if (index == count) index = c;  // only NaN is left
    if (lane == 0) {
      chosen[c] = index;
      values[index] = __builtin_nanf("");  // out of the race
    }
    __syncwarp();
  }
}

// per_token: elements of f32 in shared memory for each token.
inline Grid gate_grid(std::int64_t tokens, std::int64_t per_token = 0) {
  return {.blocks = ceil_div(tokens, tokens_per_block),
          .threads = {warp_size, tokens_per_block},
          .shared_bytes = tokens_per_block * per_token * std::int64_t{sizeof(float)}};
}

}  // namespace switchyard
