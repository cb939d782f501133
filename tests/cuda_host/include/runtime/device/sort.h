// The twin of runtime/device/sort.h for programs that run on the host.
#pragma once

#include "runtime/device/cuda_queue.h"

namespace switchyard {

struct SortedPairs {
  std::uint64_t* keys;
  std::int32_t* values;
};
inline void sort_pairs(const SortedPairs& in, const SortedPairs& out, std::int64_t count, int bits,
                       CudaQueue& queue) {
  cuda_host::enqueue_sort(queue.stream(), in.keys, in.values, out.keys, out.values, count, bits);
  check(cudaPeekAtLastError());  // as CUB does
}

}  // namespace switchyard
