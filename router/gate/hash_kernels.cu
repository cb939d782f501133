#include "router/gate/hash_choice.h"

#include "router/gate/cuda_gate_ops.h"
#include "runtime/expect.h"
#include "runtime/device/kernel.h"

namespace switchyard {
namespace {

__global__ void pick_by_hash_kernel(Random random, const std::int32_t* token, std::int64_t tokens,
                                    std::int64_t num_experts, std::int64_t k,
                                    std::int32_t* expert) {
  const std::int64_t t = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (t < tokens) choose_by_hash(random, token[t], num_experts, k, expert + t * k);
}

}  // namespace

void CudaGateOps::pick_by_hash(const Random& random, Tensor token, std::int64_t num_experts,
                                 Tensor expert, Stream& stream) {
  expect_size("token", token, expert.rows());
  launch(pick_by_hash_kernel, {.blocks = ceil_div(token.size(), 128), .threads = 128}, stream,
         random, device_data<std::int32_t>(token), token.size(), num_experts, expert.cols(),
         device_data<std::int32_t>(expert));
}

}  // namespace switchyard
