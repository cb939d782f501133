// GateOps on a GPU.
#pragma once

#include "router/gate/gate_ops.h"

namespace switchyard {

class CudaGateOps final : public GateOps {
 public:
  // noise_kernels.cu
  void add_noise(const Random& random, std::uint64_t first, Tensor width, Tensor logits,
                 Stream& stream) override;
  void jitter(const Random& random, std::uint64_t first, float amount, Tensor in, Tensor out,
              Stream& stream) override;
  void multiply(Tensor in, Tensor inout, Stream& stream) override;

  // gate_kernels.cu
  void score(Weighing weighing, Tensor logits, Tensor probability, Tensor log_sum,
             Stream& stream) override;
  void pick(const GateRule& rule, Tensor logits, Tensor probability, Tensor bias, Tensor expert,
            Stream& stream) override;
  void weigh(const GateRule& rule, Tensor logits, Tensor probability, Tensor expert, Tensor weight,
             Stream& stream) override;

  // capacity_kernels.cu
  void pick_tokens(Tensor probability, std::int64_t capacity, Tensor expert,
                   Stream& stream) override;
  void drop(Tensor expert, Tensor weight, std::int64_t num_experts, std::int64_t capacity,
            DropBy by, Stream& stream) override;

  // hash_kernels.cu
  void pick_by_hash(const Random& random, Tensor token, std::int64_t num_experts, Tensor expert,
                    Stream& stream) override;

  // gate_backward_kernels.cu
  void choose_backward(const GateRule& rule, const Routing& routing, const GateSlopes& slopes,
                       Tensor d_logits, Stream& stream) override;

  // tally_kernels.cu
  void count_choices(Tensor expert, Tensor counts, Stream& stream) override;
  void sum_probabilities(Tensor probability, Tensor log_sum, Tensor sums, Stream& stream) override;

  // quantile_kernels.cu
  void count_required_biases(Tensor logits, Tensor bias, std::int64_t k, const BiasBins& bins,
                             Tensor counts, Stream& stream) override;
};

// The ops above, or an Error in a program linked without the kernels (no_cuda.cpp).
GateOps& cuda_gate_ops();

}  // namespace switchyard
