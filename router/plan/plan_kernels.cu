// The choices of a gate, sorted on the GPU that made them by the copy of the expert that they go
// to.
#include <bit>

#include "router/cuda_row_ops.h"
#include "router/sorted_choices.h"

namespace switchyard {
namespace {

// Dropped choices sort behind all copies.
__global__ void copy_keys_kernel(const std::int32_t* expert, const std::int32_t* copy,
                                 std::int64_t num_copies, std::int64_t pairs, SortedPairs to) {
  const std::int64_t i = candidate();
  if (i >= pairs) return;
  to.keys[i] = static_cast<std::uint64_t>(expert[i] < 0 ? num_copies : copy[expert[i]]);
  to.values[i] = static_cast<std::int32_t>(i);
}

// The choice at index i of the sorted ones gets slot i.
__global__ void slots_kernel(SortedPairs sorted, std::int64_t num_copies, std::int64_t pairs,
                             std::int64_t top_k, std::int32_t* token_of_slot,
                             std::int32_t* slot_of_choice) {
  const std::int64_t i = candidate();
  if (i >= pairs) return;
  const bool kept = sorted.keys[i] < static_cast<std::uint64_t>(num_copies);
  const std::int32_t pair = sorted.values[i];
  slot_of_choice[pair] = kept ? static_cast<std::int32_t>(i) : -1;
  if (kept) token_of_slot[i] = static_cast<std::int32_t>(pair / top_k);
}

// One block per run.
__global__ void number_kernel(const std::int32_t* runs, std::int32_t* out) {
  const std::int32_t* run = runs + std::int64_t{blockIdx.x} * 3;
  for (int i = threadIdx.x; i < run[1]; i += blockDim.x) out[run[0] + i] = run[2] + i;
}

}  // namespace

void CudaRowOps::sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies,
                                 Tensor token_of_slot, Tensor slot_of_choice, Stream& stream) {
  const std::int64_t pairs = expert.size();
  if (pairs == 0) return;
  CudaQueue& queue = cuda_queue(stream);
  const SortedPairs choices = take_pairs(pairs, queue.scratch()),
                    sorted = take_pairs(pairs, queue.scratch());
  launch(copy_keys_kernel, candidate_grid(pairs), stream, device_data<std::int32_t>(expert),
         device_data<std::int32_t>(copy), num_copies, pairs, choices);
  sort_pairs(choices, sorted, pairs,
             static_cast<int>(std::bit_width(static_cast<std::uint64_t>(num_copies))), queue);
  launch(slots_kernel, candidate_grid(pairs), stream, sorted, num_copies, pairs, expert.cols(),
         device_data<std::int32_t>(token_of_slot), device_data<std::int32_t>(slot_of_choice));
  queue.scratch().reset();
}

void CudaRowOps::number_rows(Tensor runs, Tensor out, Stream& stream) {
  launch(number_kernel, {.blocks = runs.rows(), .threads = 128}, stream,
         device_data<std::int32_t>(runs), device_data<std::int32_t>(out));
}

}  // namespace switchyard
