// The gradient of a gate's rows on a GPU.
#include "router/gate/cuda_gate_ops.h"
#include "router/gate/gate_grid.h"

namespace switchyard {
namespace {

struct ChooseBackward {
  GateRule rule;
  const float* logits;
  const float* probability;
  const float* log_sum;
  const std::int32_t* expert;
  const float* d_weight;
  const float* balance_slope;
  float* d_logits;
  std::int64_t tokens, run;
  float z_slope;
  int experts, k;
};

// d += the gradient through the chosen weights: few numbers, so one lane adds them.
__device__ void add_weights(const ChooseBackward& call, const GateRow& at, float* weight,
                            float* d) {
  if (at.lane == 0) {
    const float* logits = call.logits + at.token * call.experts;
    const std::int32_t* chosen = call.expert + at.token * call.k;
    weigh_row(call.rule.weighing, logits, call.probability + at.token * call.experts, chosen,
              call.k, weight);
    weigh_row_backward(call.rule, logits, chosen, call.k, weight, call.d_weight + at.token * call.k,
                       d);
  }
  __syncwarp();
}

// shared: for each warp [experts] gradients and [k] weights.
__global__ void choose_backward_kernel(ChooseBackward call) {
  const GateRow at(call.tokens);
  if (!at.inside) return;
  const int experts = call.experts;
  float* d = shared_memory<float>() + threadIdx.y * (experts + call.k);
  float* weight = d + experts;
  const float* logits = call.logits + at.token * experts;
  const float* p = call.probability + at.token * experts;
  const float* slope = call.balance_slope + at.token / call.run * experts;
  float* out = call.d_logits + at.token * experts;
  const float log_sum = call.log_sum[at.token], z = call.z_slope * log_sum;
  for (int e = at.lane; e < experts; e += warp_size) d[e] = slope[e];
  __syncwarp();
  const auto dot_with_p = [&] {
    float dot = 0.0F;
    for (int e = at.lane; e < experts; e += warp_size) dot += d[e] * p[e];
    return warp_sum(dot);
  };
  if (is_sigmoid(call.rule.weighing)) {
    float sum = 0.0F;
    for (int e = at.lane; e < experts; e += warp_size) sum += sigmoid_f32(logits[e]);
    sum = warp_sum(sum) + min_sum;
    const float dot = dot_with_p();  // p = sigmoid / sum
    for (int e = at.lane; e < experts; e += warp_size) d[e] = (d[e] - dot) / sum;
    __syncwarp();
    add_weights(call, at, weight, d);
    for (int e = at.lane; e < experts; e += warp_size) {
      const float s = sigmoid_f32(logits[e]);
      out[e] = d[e] * s * (1.0F - s) + z * exp_f32(logits[e] - log_sum);
    }
    return;
  }
  const bool after_softmax = call.rule.weighing == Weighing::softmax_topk;
  if (after_softmax) add_weights(call, at, weight, d);
  const float dot = dot_with_p();
  __syncwarp();
  for (int e = at.lane; e < experts; e += warp_size) d[e] = p[e] * (d[e] - dot + z);
  __syncwarp();
  if (!after_softmax) add_weights(call, at, weight, d);
  for (int e = at.lane; e < experts; e += warp_size) out[e] = d[e];
}

}  // namespace

void CudaGateOps::choose_backward(const GateRule& rule, const Routing& routing,
                                  const GateSlopes& slopes, Tensor d_logits, Stream& stream) {
  const std::int64_t tokens = routing.log_sum.size(), experts = routing.logits.cols(),
                     k = routing.expert.cols();
  const std::int64_t runs = std::max<std::int64_t>(1, slopes.balance_slope.rows());
  launch(choose_backward_kernel, gate_grid(tokens, experts + k), stream,
         ChooseBackward{.rule = rule,
                        .logits = device_data<float>(routing.logits),
                        .probability = device_data<float>(routing.probability),
                        .log_sum = device_data<float>(routing.log_sum),
                        .expert = device_data<std::int32_t>(routing.expert),
                        .d_weight = device_data<float>(slopes.d_weight),
                        .balance_slope = device_data<float>(slopes.balance_slope),
                        .d_logits = device_data<float>(d_logits),
                        .tokens = tokens,
                        .run = std::max<std::int64_t>(1, tokens / runs),
                        .z_slope = slopes.z_slope,
                        .experts = static_cast<int>(experts),
                        .k = static_cast<int>(k)});
}

}  // namespace switchyard
