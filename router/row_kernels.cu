// Rows that move, and the weighted sums of a token's rows, on a GPU: one block per row, 16 bytes at
// a time where alignment allows.
#include "router/cuda_row_ops.h"
#include "runtime/device/kernel.h"

namespace switchyard {
namespace {

constexpr int row_threads = 128;

Grid row_grid(std::int64_t rows) { return {.blocks = rows, .threads = row_threads}; }

__device__ void move_row(const float* from, float* to, std::int64_t cols, bool quads) {
  if (quads) {
    for (std::int64_t i = 4 * threadIdx.x; i < cols; i += 4 * row_threads)
      store4(to + i, load4(from + i));
  } else {
    for (std::int64_t i = threadIdx.x; i < cols; i += row_threads) to[i] = from[i];
  }
}

__global__ void gather_kernel(const float* in, const std::int32_t* index, std::int64_t cols,
                              bool quads, float* out) {
  move_row(in + index[blockIdx.x] * cols, out + std::int64_t{blockIdx.x} * cols, cols, quads);
}

__global__ void scatter_kernel(const float* in, const std::int32_t* index, std::int64_t cols,
                               bool quads, float* out) {
  move_row(in + std::int64_t{blockIdx.x} * cols, out + index[blockIdx.x] * cols, cols, quads);
}

__global__ void zero_rows_kernel(const std::int32_t* index, std::int64_t cols, float* out) {
  float* to = out + index[blockIdx.x] * cols;
  for (std::int64_t i = threadIdx.x; i < cols; i += row_threads) to[i] = 0.0F;
}

__global__ void place_kernel(const float* weight, const std::int32_t* slot, std::int64_t pairs,
                             float* out) {
  const std::int64_t pair = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (pair < pairs && slot[pair] >= 0) out[slot[pair]] = weight[pair];
}

__device__ float4 plus_scaled(float4 sum, float4 x, float scale) {
  return make_float4(sum.x + x.x * scale, sum.y + x.y * scale, sum.z + x.z * scale,
                     sum.w + x.w * scale);
}

// One block per token; the choices of an element are summed in a register, in order.
__global__ void sum_choices_kernel(const float* slots, const float* weight,
                                   const std::int32_t* slot_of_choice, std::int64_t k,
                                   std::int64_t cols, bool quads, float* out) {
  const std::int64_t first = std::int64_t{blockIdx.x} * k;
  float* to = out + std::int64_t{blockIdx.x} * cols;
  const auto scale_of = [&](std::int64_t pair) { return weight == nullptr ? 1.0F : weight[pair]; };
  for (std::int64_t i = 4 * threadIdx.x; quads && i < cols; i += 4 * row_threads) {
    float4 sum = make_float4(0.0F, 0.0F, 0.0F, 0.0F);
    for (std::int64_t pair = first; pair < first + k; ++pair) {
      const std::int64_t slot = slot_of_choice[pair];
      if (slot >= 0) sum = plus_scaled(sum, load4(slots + slot * cols + i), scale_of(pair));
    }
    store4(to + i, sum);
  }
  for (std::int64_t i = threadIdx.x; !quads && i < cols; i += row_threads) {
    float sum = 0.0F;
    for (std::int64_t pair = first; pair < first + k; ++pair) {
      const std::int64_t slot = slot_of_choice[pair];
      if (slot >= 0) sum += slots[slot * cols + i] * scale_of(pair);
    }
    to[i] = sum;
  }
}

// The dot product over the threads of a warp; the first thread gets it.
__device__ float dot_of_warp(const float* a, const float* b, std::int64_t cols, bool quads) {
  float dot = 0.0F;
  for (std::int64_t i = 4 * threadIdx.x; quads && i < cols; i += 4 * warp_size) {
    const float4 x = load4(a + i), y = load4(b + i);
    dot += (x.x * y.x + x.y * y.y) + (x.z * y.z + x.w * y.w);
  }
  for (std::int64_t i = threadIdx.x; !quads && i < cols; i += warp_size) dot += a[i] * b[i];
  return warp_sum(dot);
}

// One warp per (token, choice).
__global__ void dot_choices_kernel(const float* d_out, const float* slots,
                                   const std::int32_t* slot_of_choice, std::int64_t pairs,
                                   std::int64_t k, std::int64_t cols, bool quads, float* d_weight) {
  const std::int64_t pair = std::int64_t{blockIdx.x} * blockDim.y + threadIdx.y;
  if (pair >= pairs) return;
  const std::int64_t slot = slot_of_choice[pair];
  if (slot < 0) {
    if (threadIdx.x == 0) d_weight[pair] = 0.0F;
    return;
  }
  const float dot = dot_of_warp(d_out + pair / k * cols, slots + slot * cols, cols, quads);
  if (threadIdx.x == 0) d_weight[pair] = dot;
}

std::int64_t choices_of(Tensor slot_of_choice) {
  return slot_of_choice.empty() ? 0 : slot_of_choice.cols();
}

}  // namespace

void CudaRowOps::gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) {
  const std::int64_t cols = out.cols();
  launch(gather_kernel, row_grid(index.size()), stream, device_data<float>(in),
         device_data<std::int32_t>(index), cols, in_quads(cols, in.data, out.data),
         device_data<float>(out));
}

void CudaRowOps::scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) {
  const std::int64_t cols = in.cols();
  launch(scatter_kernel, row_grid(index.size()), stream, device_data<float>(in),
         device_data<std::int32_t>(index), cols, in_quads(cols, in.data, out.data),
         device_data<float>(out));
}

void CudaRowOps::zero_rows(Tensor index, Tensor out, Stream& stream) {
  launch(zero_rows_kernel, row_grid(index.size()), stream, device_data<std::int32_t>(index),
         out.cols(), device_data<float>(out));
}

void CudaRowOps::place_choices(Tensor weight, Tensor slot_of_choice, Tensor out,
                                  Stream& stream) {
  launch(place_kernel, {.blocks = ceil_div(weight.size(), 256)}, stream, device_data<float>(weight),
         device_data<std::int32_t>(slot_of_choice), weight.size(), device_data<float>(out));
}

void CudaRowOps::sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                                Stream& stream) {
  const std::int64_t cols = out.cols(), k = choices_of(slot_of_choice);
  launch(sum_choices_kernel, row_grid(k == 0 ? 0 : out.rows()), stream, device_data<float>(slots),
         weight.empty() ? nullptr : device_data<float>(weight),
         device_data<std::int32_t>(slot_of_choice), k, cols, in_quads(cols, slots.data, out.data),
         device_data<float>(out));
}

void CudaRowOps::dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                                Stream& stream) {
  const std::int64_t pairs = slot_of_choice.size(), cols = d_out.cols();
  launch(dot_choices_kernel, {.blocks = ceil_div(pairs, 8), .threads = {warp_size, 8}}, stream,
         device_data<float>(d_out), device_data<float>(slots),
         device_data<std::int32_t>(slot_of_choice), pairs, choices_of(slot_of_choice), cols,
         in_quads(cols, d_out.data, slots.data), device_data<float>(d_weight));
}

RowOps& cuda_row_ops() {
  static CudaRowOps ops;
  return ops;
}

}  // namespace switchyard
