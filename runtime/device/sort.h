// Sorting on a GPU, by CUB. The twin in tests/cuda_host serves programs that run on the host. For
// .cu files.
#pragma once

#include <cub/device/device_radix_sort.cuh>

#include "runtime/device/cuda_queue.h"

namespace switchyard {

// Keys and what comes with them, `count` of each, from `in` to `out` by ascending key; equal keys
// keep their order. bits: of the keys, from the lowest, that say something. Scratch is the queue's.
struct SortedPairs {
  std::uint64_t* keys;
  std::int32_t* values;
};
inline void sort_pairs(const SortedPairs& in, const SortedPairs& out, std::int64_t count, int bits,
                       CudaQueue& queue) {
  std::size_t bytes = 0;
  const auto sort = [&](void* scratch) {
    check(cub::DeviceRadixSort::SortPairs(scratch, bytes, in.keys, out.keys, in.values, out.values,
                                          count, 0, bits, queue.stream()));
  };
  sort(nullptr);  // asks for the size
  sort(queue.scratch().take({static_cast<std::int64_t>(bytes)}, DType::u8).data);
}

}  // namespace switchyard
