// The embedding and its gradient.
#include "model/cuda_ops.h"
#include "runtime/expect.h"
#include "runtime/device/kernel.h"

namespace switchyard {
namespace {

constexpr int embed_threads = 128;

__global__ void embed_kernel(const std::int32_t* token, const float* table, std::int64_t hidden,
                             bool quads, float* out) {
  const float* from = table + token[blockIdx.x] * hidden;
  float* to = out + std::int64_t{blockIdx.x} * hidden;
  if (quads) {
    for (std::int64_t i = 4 * threadIdx.x; i < hidden; i += 4 * embed_threads)
      store4(to + i, load4(from + i));
  } else {
    for (std::int64_t i = threadIdx.x; i < hidden; i += embed_threads) to[i] = from[i];
  }
}

// The block of a token's first occurrence owns the token's row of the table and adds all
// occurrences, in order; the other blocks leave. A block looks at 128 tokens at a time and keeps a
// bit for each: whether it is the block's token.
__global__ void embed_backward_kernel(const std::int32_t* token, std::int64_t num_tokens,
                                      const float* d_out, std::int64_t hidden, float* d_table) {
  auto* votes = shared_memory<unsigned>();  // one per warp
  constexpr int num_warps = embed_threads / warp_size;
  const std::int32_t mine = token[blockIdx.x];
  const auto vote = [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t t = begin + threadIdx.x;
    const unsigned found = __ballot_sync(all_lanes, t < end && token[t] == mine);
    __syncthreads();
    if (threadIdx.x % warp_size == 0) votes[threadIdx.x / warp_size] = found;
    __syncthreads();
  };
  const std::int64_t first = blockIdx.x;
  for (std::int64_t begin = 0; begin < first; begin += embed_threads) {
    vote(begin, first);
    for (int warp = 0; warp < num_warps; ++warp)
      if (votes[warp] != 0) return;  // all threads see the same votes
  }
  const std::int64_t column = std::int64_t{blockIdx.y} * embed_threads + threadIdx.x;
  float sum = 0.0F;
  for (std::int64_t begin = first; begin < num_tokens; begin += embed_threads) {
    vote(begin, num_tokens);
    for (int warp = 0; warp < num_warps; ++warp) {
      for (unsigned left = votes[warp]; left != 0; left &= left - 1) {
        const std::int64_t t = begin + warp * warp_size + __ffs(static_cast<int>(left)) - 1;
        if (column < hidden) sum += d_out[t * hidden + column];
      }
    }
  }
  if (column < hidden) d_table[mine * hidden + column] = sum;
}

}  // namespace

void CudaModelOps::embed(Tensor token, Tensor table, Tensor out, Stream& stream) {
  const std::int64_t hidden = table.cols();
  expect_size("out", out, token.size() * hidden);
  launch(embed_kernel, {.blocks = token.size(), .threads = embed_threads}, stream,
         device_data<std::int32_t>(token), device_data<float>(table), hidden,
         in_quads(hidden, table.data, out.data), device_data<float>(out));
}

void CudaModelOps::embed_backward(Tensor token, Tensor d_out, Tensor d_table, Stream& stream) {
  const std::int64_t hidden = d_table.cols();
  expect_size("d_out", d_out, token.size() * hidden);
  check(cudaMemsetAsync(device_data<float>(d_table), 0, static_cast<std::size_t>(d_table.bytes()),
                        cuda_queue(stream).stream()));
  launch(embed_backward_kernel,
         {.blocks = token.size(),
          .threads = embed_threads,
          .blocks_y = ceil_div(hidden, embed_threads),
          .shared_bytes = embed_threads / warp_size * sizeof(unsigned)},
         stream, device_data<std::int32_t>(token), token.size(), device_data<float>(d_out), hidden,
         device_data<float>(d_table));
}

ModelOps& cuda_model_ops() {
  static CudaModelOps ops;
  return ops;
}

}  // namespace switchyard
