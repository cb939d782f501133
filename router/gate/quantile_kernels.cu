// What experts' biases would have to be, on a GPU: one warp per token.
#include "router/gate/cuda_gate_ops.h"
#include "router/gate/gate_grid.h"

namespace switchyard {
namespace {

// shared: for each warp [experts] values and [k + 1] indices.
__global__ void required_bias_kernel(const float* logits, const float* bias, std::int64_t tokens,
                                     int experts, int k, BiasBins bins, std::int32_t* counts) {
  const GateRow at(tokens);
  if (!at.inside) return;
  float* values = shared_memory<float>() + threadIdx.y * (experts + k + 1);
  auto* best = reinterpret_cast<std::int32_t*>(values + experts);
  const float* row = logits + at.token * experts;
  if (row[0] != row[0]) return;  // then the whole row is NaN
  for (int e = at.lane; e < experts; e += warp_size) values[e] = sigmoid_f32(row[e]) + bias[e];
  __syncwarp();
  top_k_of_warp(values, experts, k + 1, at.lane, best);
  const float cutoff = sigmoid_f32(row[best[k]]) + bias[best[k]];
  for (int e = at.lane; e < experts; e += warp_size)
    atomicAdd(&counts[e * BiasBins::count + bins.bin_of(cutoff - sigmoid_f32(row[e]))], 1);
}

}  // namespace

void CudaGateOps::count_required_biases(Tensor logits, Tensor bias, std::int64_t k,
                                        const BiasBins& bins, Tensor counts, Stream& stream) {
  const std::int64_t tokens = logits.rows(), experts = logits.cols();
  auto* to = device_data<std::int32_t>(counts);
  check(cudaMemsetAsync(to, 0, static_cast<std::size_t>(counts.bytes()),
                        cuda_queue(stream).stream()));
  launch(required_bias_kernel, gate_grid(tokens, experts + k + 1), stream,
         device_data<float>(logits), device_data<float>(bias), tokens, experts, k, bins, to);
}

}  // namespace switchyard
