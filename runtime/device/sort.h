// Sorting on a GPU, by CUB. tests/cuda_host has a twin for kernels that run on the host. For .cu
// files.
#pragma once

#include <cub/device/device_radix_sort.cuh>

#include "runtime/device/cuda_queue.h"

namespace switchyard {

// Sorts `count` keys and their values from `in` to `out` by ascending key; equal keys keep their
// order. bits: how many of the lowest bits of a key count. The scratch memory is the queue's.
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
