// The choices of a gate, counted and sorted on the GPU that made them: the host learns the counts
// alone.
#include <bit>

#include "router/cuda_ops.h"
#include "router/math.h"
#include "router/sorted_choices.h"

namespace switchyard {
namespace {

constexpr int count_threads = 256;
constexpr std::int64_t pairs_per_block = 4096;

// A block counts some pairs of run blockIdx.y in shared memory, [2, experts], and adds them to
// counts: integers, which any order sums to the same.
__global__ void count_kernel(const std::int32_t* expert, std::int64_t pairs, int experts,
                             unsigned long long* counts) {
  auto* count = shared_memory<unsigned>();
  for (int i = threadIdx.x; i < 2 * experts; i += count_threads) count[i] = 0;
  __syncthreads();
  const std::int64_t begin = blockIdx.x * pairs_per_block;
  const std::int64_t end = begin + pairs_per_block < pairs ? begin + pairs_per_block : pairs;
  const std::int32_t* choice = expert + blockIdx.y * pairs;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += count_threads) {
    if (choice[i] >= 0) atomicAdd(&count[choice[i]], 1U);
    atomicAdd(&count[experts + expert_of(choice[i])], 1U);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 2 * experts; i += count_threads) {
    if (count[i] > 0)
      atomicAdd(&counts[std::int64_t{blockIdx.y} * 2 * experts + i],
                static_cast<unsigned long long>(count[i]));
  }
}

// Dropped choices come behind all copies.
__global__ void copy_keys_kernel(const std::int32_t* expert, const std::int32_t* copy,
                                 std::int64_t num_copies, std::int64_t pairs, SortedPairs to) {
  const std::int64_t i = candidate();
  if (i >= pairs) return;
  to.keys[i] = static_cast<std::uint64_t>(expert[i] < 0 ? num_copies : copy[expert[i]]);
  to.values[i] = static_cast<std::int32_t>(i);
}

// What stands in place i has slot i.
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

// A block has a run.
__global__ void number_kernel(const std::int32_t* runs, std::int32_t* out) {
  const std::int32_t* run = runs + std::int64_t{blockIdx.x} * 3;
  for (int i = threadIdx.x; i < run[1]; i += blockDim.x) out[run[0] + i] = run[2] + i;
}

}  // namespace

void CudaRouterOps::count_choices(Tensor expert, Tensor counts, Stream& stream) {
  const std::int64_t runs = counts.dim(0), experts = counts.dim(2), pairs = expert.size() / runs;
  auto* to = reinterpret_cast<unsigned long long*>(device_data<std::int64_t>(counts));
  check(cudaMemsetAsync(to, 0, static_cast<std::size_t>(counts.bytes()),
                        cuda_queue(stream).stream()));
  launch(count_kernel,
         {.blocks = ceil_div(pairs, pairs_per_block),
          .threads = count_threads,
          .blocks_y = runs,
          .shared_bytes = 2 * experts * std::int64_t{sizeof(unsigned)}},
         stream, device_data<std::int32_t>(expert), pairs, experts, to);
}

void CudaRouterOps::sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies,
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

void CudaRouterOps::number_rows(Tensor runs, Tensor out, Stream& stream) {
  launch(number_kernel, {.blocks = runs.rows(), .threads = 128}, stream,
         device_data<std::int32_t>(runs), device_data<std::int32_t>(out));
}

}  // namespace switchyard
