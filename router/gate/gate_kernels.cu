// A gate's rows on a GPU, one warp per token: the row of probabilities stays in shared memory from
// the logits to the choice.
#include <algorithm>

#include "router/gate/cuda_gate_ops.h"
#include "router/gate/gate_grid.h"
#include "runtime/device/host_access.h"

namespace switchyard {
namespace {

__global__ void score_kernel(Weighing weighing, float* logits, std::int64_t tokens, int experts,
                             float* probability, float* log_sum) {
  const GateRow at(tokens);
  if (!at.inside) return;
  float* row = logits + at.token * experts;
  float* p = probability + at.token * experts;
  float largest = -__builtin_inff();
  for (int e = at.lane; e < experts; e += warp_size) largest = row[e] > largest ? row[e] : largest;
  largest = warp_max(largest);
  float sum = 0.0F, sigmoids = 0.0F;
  for (int e = at.lane; e < experts; e += warp_size) {
    sum += exp_f32(row[e] - largest);
    if (is_sigmoid(weighing)) sigmoids += sigmoid_f32(row[e]);
  }
  sum = warp_sum(sum);
  sigmoids = warp_sum(sigmoids) + min_sum;
  const bool broken = sum != sum;  // by a single NaN or infinity
  for (int e = at.lane; e < experts; e += warp_size) {
    if (broken) row[e] = sum;
    p[e] = is_sigmoid(weighing) && !broken ? sigmoid_f32(row[e]) / sigmoids
                                           : exp_f32(row[e] - largest) / sum;
  }
  if (at.lane == 0) log_sum[at.token] = broken ? sum : largest + log_f32(sum);
}

// shared: for each warp [experts] values, [groups] sums and [experts] indices.
__global__ void pick_kernel(GateRule rule, const float* logits, const float* probability,
                            const float* bias, std::int64_t tokens, int experts, int k,
                            std::int32_t* expert) {
  const GateRow at(tokens);
  if (!at.inside) return;
  const int groups = static_cast<int>(rule.groups);
  float* values = shared_memory<float>() + threadIdx.y * (2 * experts + groups);
  float* sums = values + experts;
  auto* picked = reinterpret_cast<std::int32_t*>(sums + groups);
  const float* row = logits + at.token * experts;
  if (row[0] != row[0]) {
    for (int c = at.lane; c < k; c += warp_size) expert[at.token * k + c] = c;
    return;
  }
  for (int e = at.lane; e < experts; e += warp_size) {
    values[e] = is_sigmoid(rule.weighing) ? sigmoid_f32(row[e]) + (bias == nullptr ? 0.0F : bias[e])
                                          : row[e];
  }
  __syncwarp();
  if (groups > 1) {
    if (at.lane == 0) {
      limit_to_groups(is_sigmoid(rule.weighing) ? values : probability + at.token * experts,
                      experts, rule, k / rule.groups_per_token, sums, picked, values);
    }
    __syncwarp();
  }
  top_k_of_warp(values, experts, k, at.lane, expert + at.token * k);
}

__global__ void weigh_kernel(GateRule rule, const float* logits, const float* probability,
                             const std::int32_t* expert, std::int64_t tokens, int experts, int k,
                             float* weight) {
  const std::int64_t token = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (token >= tokens) return;
  float* w = weight + token * k;
  weigh_row(rule.weighing, logits + token * experts, probability + token * experts,
            expert + token * k, k, w);
  for (int c = 0; c < k; ++c) w[c] *= rule.scale;
}

}  // namespace

void CudaGateOps::score(Weighing weighing, Tensor logits, Tensor probability, Tensor log_sum,
                          Stream& stream) {
  const std::int64_t tokens = log_sum.size();
  launch(score_kernel, gate_grid(tokens), stream, weighing, device_data<float>(logits), tokens,
         logits.cols(), device_data<float>(probability), device_data<float>(log_sum));
}

void CudaGateOps::pick(const GateRule& rule, Tensor logits, Tensor probability, Tensor bias,
                         Tensor expert, Stream& stream) {
  const std::int64_t tokens = logits.rows(), experts = logits.cols(), k = expert.cols();
  require(experts <= max_gpu_experts, Exit::usage,
          "model.num_experts = {}: a gate on a GPU takes at most {}", experts,
          max_gpu_experts);
  GateRule there = rule;
  Arena& scratch = cuda_queue(stream).scratch();
  if (rule.group_experts != nullptr) {
    const auto sent = [&](const std::int32_t* values, std::int64_t count) {
      return device_data<std::int32_t>(on_device(tensor_of(values, {count}), scratch, stream));
    };
    there.group_experts = sent(rule.group_experts, experts);
    there.group_begins = sent(rule.group_begins, rule.groups + 1);
  }
  launch(pick_kernel, gate_grid(tokens, 2 * experts + rule.groups), stream, there,
         device_data<float>(logits), device_data<float>(probability),
         bias.empty() ? nullptr : device_data<float>(bias), tokens, experts, k,
         device_data<std::int32_t>(expert));
  scratch.reset();
}

void CudaGateOps::weigh(const GateRule& rule, Tensor logits, Tensor probability, Tensor expert,
                          Tensor weight, Stream& stream) {
  const std::int64_t tokens = logits.rows();
  launch(weigh_kernel, {.blocks = ceil_div(tokens, 128), .threads = 128}, stream, rule,
         device_data<float>(logits), device_data<float>(probability),
         device_data<std::int32_t>(expert), tokens, logits.cols(), expert.cols(),
         device_data<float>(weight));
}

GateOps& cuda_gate_ops() {
  static CudaGateOps ops;
  return ops;
}

}  // namespace switchyard
