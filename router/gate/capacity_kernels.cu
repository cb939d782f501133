// Experts that take a limited number of tokens, on a GPU: choices are sorted by expert and value,
// and the first of each expert stay.
#include <bit>

#include "router/gate/cuda_gate_ops.h"
#include "router/math.h"
#include "router/sorted_choices.h"

namespace switchyard {
namespace {

// Ascending keys: by expert, then the largest value first. Both zeros are one value, and NaN is the
// smallest.
__device__ std::uint64_t rank_key(std::int64_t expert, float value) {
  const auto bits = bits_to<std::uint32_t>(rank_value(value) + 0.0F);
  const std::uint32_t ascending = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  return static_cast<std::uint64_t>(expert) << 32 | static_cast<std::uint32_t>(~ascending);
}

// Candidate i is token i % tokens of expert i / tokens, so that equal values are in the order of
// tokens.
__global__ void token_keys_kernel(const float* probability, std::int64_t tokens,
                                  std::int64_t experts, SortedPairs to) {
  const std::int64_t i = candidate();
  if (i >= tokens * experts) return;
  const std::int64_t place = i % tokens * experts + i / tokens;
  to.keys[i] = rank_key(i / tokens, probability[place]);
  to.values[i] = static_cast<std::int32_t>(place);
}

// by_weight: the largest weights first; otherwise the order is kept.
__global__ void choice_keys_kernel(const std::int32_t* expert, const float* weight,
                                   std::int64_t pairs, bool by_weight, SortedPairs to) {
  const std::int64_t i = candidate();
  if (i >= pairs) return;
  to.keys[i] = rank_key(expert[i], by_weight ? weight[i] : 0.0F);
  to.values[i] = static_cast<std::int32_t>(i);
}

// The index of the expert's first key among the sorted ones.
__device__ std::int64_t begin_of(const std::uint64_t* keys, std::int64_t count,
                                 std::uint64_t expert) {
  std::int64_t begin = 0;
  for (std::int64_t end = count; begin < end;) {
    const std::int64_t middle = begin + (end - begin) / 2;
    if (keys[middle] >> 32 < expert) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

__global__ void keep_first_kernel(SortedPairs sorted, std::int64_t count, std::int64_t capacity,
                                  std::int32_t* expert) {
  const std::int64_t i = candidate();
  if (i >= count) return;
  const std::uint64_t mine = sorted.keys[i] >> 32;
  const auto id = static_cast<std::int32_t>(mine);
  expert[sorted.values[i]] = i - begin_of(sorted.keys, count, mine) < capacity ? id : ~id;
}

// make_keys(to) queues the keys of `count` candidates and the index of each in `expert`.
template <class MakeKeys>
void keep_first(std::int64_t count, std::int64_t num_experts, std::int64_t capacity, Tensor expert,
                Stream& stream, MakeKeys make_keys) {
  if (count == 0) return;
  CudaQueue& queue = cuda_queue(stream);
  const SortedPairs candidates = take_pairs(count, queue.scratch()),
                    sorted = take_pairs(count, queue.scratch());
  make_keys(candidates);
  sort_pairs(candidates, sorted, count,
             32 + static_cast<int>(std::bit_width(static_cast<std::uint64_t>(num_experts))), queue);
  launch(keep_first_kernel, candidate_grid(count), stream, sorted, count, capacity,
         device_data<std::int32_t>(expert));
  queue.scratch().reset();
}

}  // namespace

void CudaGateOps::pick_tokens(Tensor probability, std::int64_t capacity, Tensor expert,
                                Stream& stream) {
  const std::int64_t tokens = probability.rows(), experts = probability.cols();
  keep_first(tokens * experts, experts, capacity, expert, stream, [&](const SortedPairs& to) {
    launch(token_keys_kernel, candidate_grid(tokens * experts), stream,
           device_data<float>(probability), tokens, experts, to);
  });
}

void CudaGateOps::drop(Tensor expert, Tensor weight, std::int64_t num_experts,
                         std::int64_t capacity, DropBy by, Stream& stream) {
  keep_first(expert.size(), num_experts, capacity, expert, stream, [&](const SortedPairs& to) {
    launch(choice_keys_kernel, candidate_grid(expert.size()), stream,
           device_data<std::int32_t>(expert), device_data<float>(weight), expert.size(),
           by == DropBy::probability, to);
  });
}

}  // namespace switchyard
