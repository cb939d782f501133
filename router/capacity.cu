// Experts that take a limited number of tokens. A choice's rank among those of its expert is
// counted, not sorted: every thread compares its own with all others, which blocks pass by in
// shared memory.
#include "router/cuda_ops.h"
#include "router/math.h"
#include "runtime/kernel.h"

namespace switchyard {
namespace {

constexpr int rank_threads = 256;

// A block has an expert and 256 of its tokens.
__global__ void pick_tokens_kernel(const float* probability, std::int64_t tokens,
                                   std::int64_t experts, std::int64_t capacity,
                                   std::int32_t* expert) {
  float* others = shared_memory<float>();
  const std::int64_t mine = std::int64_t{blockIdx.x} * rank_threads + threadIdx.x;
  const std::int64_t e = blockIdx.y;
  const float value = mine < tokens ? rank_value(probability[mine * experts + e]) : 0.0F;
  std::int64_t rank = 0;
  for (std::int64_t begin = 0; begin < tokens; begin += rank_threads) {
    __syncthreads();
    if (begin + threadIdx.x < tokens)
      others[threadIdx.x] = rank_value(probability[(begin + threadIdx.x) * experts + e]);
    __syncthreads();
    for (std::int64_t t = begin; t < tokens && t < begin + rank_threads; ++t) {
      const float other = others[t - begin];
      rank += other > value || (other == value && t < mine);
    }
  }
  if (mine >= tokens) return;
  const auto id = static_cast<std::int32_t>(e);
  expert[mine * experts + e] = rank < capacity ? id : ~id;
}

struct Candidate {
  std::int32_t expert;
  float weight;
};

// by_weight: the largest weights stay, otherwise the first; ties by token.
__global__ void drop_kernel(const std::int32_t* before, const float* weight, std::int64_t pairs,
                            std::int64_t capacity, bool by_weight, std::int32_t* after) {
  auto* others = shared_memory<Candidate>();
  const std::int64_t mine = std::int64_t{blockIdx.x} * rank_threads + threadIdx.x;
  const auto candidate = [&](std::int64_t pair) {
    return Candidate{before[pair], by_weight ? rank_value(weight[pair]) : 0.0F};
  };
  const Candidate me = mine < pairs ? candidate(mine) : Candidate{-1, 0.0F};
  std::int64_t rank = 0;
  for (std::int64_t begin = 0; begin < pairs; begin += rank_threads) {
    __syncthreads();
    if (begin + threadIdx.x < pairs) others[threadIdx.x] = candidate(begin + threadIdx.x);
    __syncthreads();
    for (std::int64_t pair = begin; pair < pairs && pair < begin + rank_threads; ++pair) {
      const Candidate other = others[pair - begin];
      if (other.expert != me.expert) continue;
      rank += other.weight > me.weight || (other.weight == me.weight && pair < mine);
    }
  }
  if (mine < pairs) after[mine] = rank < capacity ? me.expert : ~me.expert;
}

}  // namespace

void CudaRouterOps::pick_tokens(Tensor probability, std::int64_t capacity, Tensor expert,
                                Stream& stream) {
  const std::int64_t tokens = probability.rows(), experts = probability.cols();
  launch(pick_tokens_kernel,
         {.blocks = ceil_div(tokens, rank_threads),
          .threads = rank_threads,
          .blocks_y = experts,
          .shared_bytes = rank_threads * sizeof(float)},
         stream, device_data<float>(probability), tokens, experts, capacity,
         device_data<std::int32_t>(expert));
}

void CudaRouterOps::drop(Tensor expert, Tensor weight, std::int64_t, std::int64_t capacity,
                         DropBy by, Stream& stream) {
  CudaQueue& queue = cuda_queue(stream);
  const Tensor before = queue.scratch().take(expert.shape, DType::i32);
  queue.copy(expert.data, before.data, expert.bytes());
  launch(drop_kernel,
         {.blocks = ceil_div(expert.size(), rank_threads),
          .threads = rank_threads,
          .shared_bytes = rank_threads * sizeof(Candidate)},
         stream, device_data<std::int32_t>(before), device_data<float>(weight), expert.size(),
         capacity, by == DropBy::probability, device_data<std::int32_t>(expert));
  queue.scratch().reset();
}

}  // namespace switchyard
