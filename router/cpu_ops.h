// RouterOps on a CPU. Each file of this room that holds kernels implements its own members.
#pragma once

#include <algorithm>

#include "router/ops.h"

namespace switchyard {

class CpuRouterOps final : public RouterOps {
 public:
  // gate_ops.cpp
  void score(Weighing weighing, Tensor logits, Tensor probability, Tensor log_sum,
             Stream& stream) override;
  void pick(const GateRule& rule, Tensor logits, Tensor probability, Tensor bias, Tensor expert,
            Stream& stream) override;
  void weigh(const GateRule& rule, Tensor logits, Tensor probability, Tensor expert, Tensor weight,
             Stream& stream) override;
  void choose_backward(const GateRule& rule, Tensor logits, Tensor probability, Tensor log_sum,
                       Tensor expert, Tensor d_weight, Tensor balance_slope, float z_slope,
                       Tensor d_logits, Stream& stream) override;
  void sum_probabilities(Tensor probability, Tensor log_sum, Tensor sums, Stream& stream) override;

  // capacity.cpp
  void pick_tokens(Tensor probability, std::int64_t capacity, Tensor expert,
                   Stream& stream) override;
  void drop(Tensor expert, Tensor weight, std::int64_t num_experts, std::int64_t capacity,
            DropBy by, Stream& stream) override;

  // hash_gate.cpp
  void pick_by_hash(const Random& random, Tensor token, std::int64_t num_experts, Tensor expert,
                    Stream& stream) override;

  // plan_ops.cpp
  void count_choices(Tensor expert, Tensor counts, Stream& stream) override;
  void sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies, Tensor token_of_slot,
                    Tensor slot_of_choice, Stream& stream) override;
  void number_rows(Tensor runs, Tensor out, Stream& stream) override;

  // noise.cpp
  void add_noise(const Random& random, std::uint64_t first, Tensor width, Tensor logits,
                 Stream& stream) override;
  void jitter(const Random& random, std::uint64_t first, float amount, Tensor in, Tensor out,
              Stream& stream) override;
  void multiply(Tensor in, Tensor inout, Stream& stream) override;

  // ops.cpp
  void gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) override;
  void scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) override;
  void place_choices(Tensor weight, Tensor slot_of_choice, Tensor out, Stream& stream) override;
  void sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                   Stream& stream) override;
  void dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                   Stream& stream) override;

  // payload.cpp
  void pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream) override;
  void unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out, Tensor to,
                   Stream& stream) override;
};

// Tokens that one thread takes at a time; sums over tokens are sums over chunks.
inline constexpr std::int64_t token_chunk = 64;

// Calls body(first, last) for chunks of tokens, on the stream's threads.
template <class Body>
void for_chunks(std::int64_t tokens, Stream& stream, Body body) {
  parallel_for(stream, (tokens + token_chunk - 1) / token_chunk, [&](std::int64_t chunk) {
    body(chunk * token_chunk, std::min(tokens, (chunk + 1) * token_chunk));
  });
}

}  // namespace switchyard
