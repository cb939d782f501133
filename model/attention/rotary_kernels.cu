#include "model/attention/rotary.h"
#include "model/cuda_ops.h"
#include "runtime/expect.h"
#include "runtime/device/kernel.h"

namespace switchyard {
namespace {

struct Rotation {
  const float* cosine;
  const float* sine;
  float direction;
  std::int64_t heads, half;
};

// A thread rotates one pair of one head.
__global__ void rotate_kernel(float* x, const std::int32_t* position, Rotation rotation,
                              std::int64_t pairs) {
  const std::int64_t pair = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (pair >= pairs) return;
  const std::int64_t half = rotation.half;
  const std::int64_t i = pair % half, head = pair / half;
  const std::int64_t angle = position[head / rotation.heads] * half + i;
  float* low = x + head * 2 * half + i;
  const float a = low[0], b = low[half];
  const float c = rotation.cosine[angle], s = rotation.sine[angle] * rotation.direction;
  low[0] = a * c - b * s;
  low[half] = b * c + a * s;
}

}  // namespace

void CudaModelOps::rotate(Tensor x, Tensor position, const RotaryTable& table, int direction,
                          Stream& stream) {
  const std::int64_t num_tokens = position.size(), half = table.cosine.tensor().cols();
  const std::int64_t heads = num_tokens == 0 ? 0 : x.size() / (num_tokens * 2 * half);
  expect_size("x", x, num_tokens * heads * 2 * half);
  const std::int64_t pairs = x.size() / 2;
  const Rotation rotation{device_data<float>(table.cosine), device_data<float>(table.sine),
                          direction < 0 ? -1.0F : 1.0F, heads, half};
  launch(rotate_kernel, {.blocks = ceil_div(pairs, 256)}, stream, device_data<float>(x),
         device_data<std::int32_t>(position), rotation, pairs);
}

}  // namespace switchyard
