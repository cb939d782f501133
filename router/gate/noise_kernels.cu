// Noise of gates on a GPU: each element has its own number, as on a CPU.
#include "router/gate/cuda_gate_ops.h"
#include "runtime/device/map.h"

namespace switchyard {
namespace {

__global__ void add_noise_kernel(Random random, std::uint64_t first, std::int64_t count,
                                 float* width, float* logits) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const auto normal = static_cast<float>(random.normal(first + static_cast<std::uint64_t>(i)));
  logits[i] += normal * softplus_f32(width[i]);
  width[i] = normal * sigmoid_f32(width[i]);
}

__global__ void jitter_kernel(Random random, std::uint64_t first, float amount, std::int64_t count,
                              const float* in, float* out) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const double uniform = random.uniform(first + static_cast<std::uint64_t>(i));
  out[i] = in[i] * (1.0F + amount * static_cast<float>(2.0 * uniform - 1.0));
}

struct Times {
  __device__ float operator()(float a, float b) const { return a * b; }
};

Grid element_grid(std::int64_t count) { return {.blocks = ceil_div(count, 256)}; }

}  // namespace

void CudaGateOps::add_noise(const Random& random, std::uint64_t first, Tensor width,
                              Tensor logits, Stream& stream) {
  launch(add_noise_kernel, element_grid(logits.size()), stream, random, first, logits.size(),
         device_data<float>(width), device_data<float>(logits));
}

void CudaGateOps::jitter(const Random& random, std::uint64_t first, float amount, Tensor in,
                           Tensor out, Stream& stream) {
  launch(jitter_kernel, element_grid(in.size()), stream, random, first, amount, in.size(),
         device_data<float>(in), device_data<float>(out));
}

void CudaGateOps::multiply(Tensor in, Tensor inout, Stream& stream) {
  map(Times{}, inout.size(), device_data<float>(inout), stream, device_data<float>(inout),
      device_data<float>(in));
}

}  // namespace switchyard
