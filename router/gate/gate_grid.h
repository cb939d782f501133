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

// per_token: elements of f32 in shared memory for each token.
inline Grid gate_grid(std::int64_t tokens, std::int64_t per_token = 0) {
  return {.blocks = ceil_div(tokens, tokens_per_block),
          .threads = {warp_size, tokens_per_block},
          .shared_bytes = tokens_per_block * per_token * std::int64_t{sizeof(float)}};
}

}  // namespace switchyard
