// The gradient of a gate's rows on a GPU, and the sums that its balance loss is made of.
#include "router/gate/cuda_gate.h"
#include "router/cuda_ops.h"

namespace switchyard {
namespace {

constexpr int sum_chunk = 64;  // tokens that are summed first, as on a CPU

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

// d += what the chosen weights say: few numbers, so one lane does it.
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

// partial[run, chunk, e] = sum of probability over a chunk of a run's tokens; of log_sum^2 for
// e = experts. A thread has a column.
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

void CudaRouterOps::choose_backward(const GateRule& rule, Tensor logits, Tensor probability,
                                    Tensor log_sum, Tensor expert, Tensor d_weight,
                                    Tensor balance_slope, float z_slope, Tensor d_logits,
                                    Stream& stream) {
  const std::int64_t tokens = log_sum.size(), experts = logits.cols(), k = expert.cols();
  const std::int64_t runs = std::max<std::int64_t>(1, balance_slope.rows());
  launch(choose_backward_kernel, gate_grid(tokens, experts + k), stream,
         ChooseBackward{.rule = rule,
                        .logits = device_data<float>(logits),
                        .probability = device_data<float>(probability),
                        .log_sum = device_data<float>(log_sum),
                        .expert = device_data<std::int32_t>(expert),
                        .d_weight = device_data<float>(d_weight),
                        .balance_slope = device_data<float>(balance_slope),
                        .d_logits = device_data<float>(d_logits),
                        .tokens = tokens,
                        .run = std::max<std::int64_t>(1, tokens / runs),
                        .z_slope = z_slope,
                        .experts = static_cast<int>(experts),
                        .k = static_cast<int>(k)});
}

void CudaRouterOps::sum_probabilities(Tensor probability, Tensor log_sum, Tensor sums,
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
