// The counts and sums of a micro-batch's choices on the GPU that made them: the host reads the
// results alone.
#include "router/gate/cuda_gate_ops.h"
#include "router/math.h"
#include "runtime/device/kernel.h"

namespace switchyard {
namespace {

constexpr int sum_chunk = 64;  // tokens summed at a time, as on a CPU

constexpr int count_threads = 256;
constexpr std::int64_t pairs_per_block = 4096;

// A block counts some pairs of run blockIdx.y in shared memory, [2, experts], and adds them to
// counts: integers, whose sum does not depend on order.
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

// partial[run, chunk, e] = sum of probability over a chunk of a run's tokens; of log_sum^2 for
// e = experts. One thread per column.
__global__ void sum_chunk_kernel(const float* probability, const float* log_sum, std::int64_t run,
                                 std::int64_t chunks, std::int64_t experts, double* partial) {
  const std::int64_t e = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  if (e > experts) return;
  const std::int64_t begin = blockIdx.x / chunks * run + blockIdx.x % chunks * sum_chunk;
  const std::int64_t end_of_run = (blockIdx.x / chunks + 1) * run;
  const std::int64_t end = begin + sum_chunk < end_of_run ? begin + sum_chunk : end_of_run;
  double sum = 0.0;
  for (std::int64_t t = begin; t < end; ++t) {
    const double value = e < experts ? probability[t * experts + e] : log_sum[t];
    sum += e < experts ? value : value * value;
  }
  partial[std::int64_t{blockIdx.x} * (experts + 1) + e] = sum;
}

// sums[run, e] = the run's chunks, in order.
__global__ void join_chunks_kernel(const double* partial, std::int64_t chunks, std::int64_t experts,
                                   double* sums) {
  const std::int64_t e = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  if (e > experts) return;
  double sum = 0.0;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
    sum += partial[(blockIdx.x * chunks + chunk) * (experts + 1) + e];
  sums[std::int64_t{blockIdx.x} * (experts + 1) + e] = sum;
}

}  // namespace

void CudaGateOps::count_choices(Tensor expert, Tensor counts, Stream& stream) {
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

void CudaGateOps::sum_probabilities(Tensor probability, Tensor log_sum, Tensor sums,
                                      Stream& stream) {
  constexpr int threads = 128;
  const std::int64_t tokens = log_sum.size(), experts = probability.cols();
  const std::int64_t runs = sums.rows(), run = tokens / runs;
  const std::int64_t chunks = ceil_div(run, sum_chunk), columns = ceil_div(experts + 1, threads);
  Arena& scratch = cuda_queue(stream).scratch();
  const Tensor partial = scratch.take({runs * chunks, experts + 1}, DType::f64);
  launch(sum_chunk_kernel, {.blocks = runs * chunks, .threads = threads, .blocks_y = columns},
         stream, device_data<float>(probability), device_data<float>(log_sum), run, chunks, experts,
         device_data<double>(partial));
  launch(join_chunks_kernel, {.blocks = runs, .threads = threads, .blocks_y = columns}, stream,
         device_data<double>(partial), chunks, experts, device_data<double>(sums));
  scratch.reset();
}

}  // namespace switchyard
