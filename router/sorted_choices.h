// Parts of the kernels that sort a gate's choices. For .cu files.
#pragma once

#include "runtime/device/kernel.h"
#include "runtime/device/sort.h"

namespace switchyard {

// One thread for each of `count` candidates.
inline Grid candidate_grid(std::int64_t count) { return {.blocks = ceil_div(count, 256)}; }

__device__ inline std::int64_t candidate() {
  return std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}

inline SortedPairs take_pairs(std::int64_t count, Arena& scratch) {
  auto* keys = static_cast<std::uint64_t*>(scratch.take({count}, DType::i64).data);
  return {keys, scratch.take({count}, DType::i32).as<std::int32_t>()};
}

}  // namespace switchyard
