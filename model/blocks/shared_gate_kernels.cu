// Rows that count by a share of each, and their gradient: a warp to a short row, a block to a long
// one.
#include "model/cuda_ops.h"
#include "model/row_sum.h"
#include "runtime/expect.h"
#include "runtime/math.h"

namespace switchyard {
namespace {

struct RowsOnDevice {
  const float *x, *weight, *rows;
  float* share;
  std::int64_t count, n;
};

RowsOnDevice on_device(const GatedRows& tensors) {
  return {device_data<float>(tensors.x),
          device_data<float>(tensors.weight),
          device_data<float>(tensors.rows),
          device_data<float>(tensors.share),
          tensors.share.size(),
          tensors.weight.size()};
}

__device__ float row_dot(const float* a, const float* b, std::int64_t n) {
  float sum = 0.0F;
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) sum += a[i] * b[i];
  return row_sum(sum);
}

__global__ void add_gated_kernel(RowsOnDevice in, float* out) {
  const std::int64_t row = row_of_thread(), first = row * in.n;
  if (row >= in.count) return;
  const float share = sigmoid_f32(row_dot(in.x + first, in.weight, in.n));
  for (std::int64_t i = threadIdx.x; i < in.n; i += blockDim.x)
    out[first + i] += share * in.rows[first + i];
  if (threadIdx.x == 0) in.share[row] = share;
}

__global__ void add_gated_backward_kernel(RowsOnDevice in, const float* d_out, float* d_rows,
                                          float* d_score, float* d_x) {
  const std::int64_t row = row_of_thread(), first = row * in.n;
  if (row >= in.count) return;
  const float share = in.share[row];
  const float d = row_dot(d_out + first, in.rows + first, in.n) * share * (1.0F - share);
  for (std::int64_t i = threadIdx.x; i < in.n; i += blockDim.x) {
    d_rows[first + i] = share * d_out[first + i];
    d_x[first + i] += d * in.weight[i];
  }
  if (threadIdx.x == 0) d_score[row] = d;
}

}  // namespace

void CudaModelOps::add_gated(const GatedRows& tensors, Tensor out, Stream& stream) {
  check_gated_rows(tensors);
  expect_size("out", out, tensors.x.size());
  launch(add_gated_kernel, row_grid(tensors.share.size(), tensors.weight.size()), stream,
         on_device(tensors), device_data<float>(out));
}

void CudaModelOps::add_gated_backward(const GatedRows& tensors, const GatedRowsGradients& gradients,
                                      Stream& stream) {
  check_gated_rows_gradients(tensors, gradients);
  launch(add_gated_backward_kernel, row_grid(tensors.share.size(), tensors.weight.size()), stream,
         on_device(tensors), device_data<float>(gradients.d_out),
         device_data<float>(gradients.d_rows), device_data<float>(gradients.d_score),
         device_data<float>(gradients.d_x));
}

}  // namespace switchyard
