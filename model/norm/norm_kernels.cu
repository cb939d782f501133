// RMSNorm and its gradient: a warp to a short row, a block to a long one.
#include "model/cuda_ops.h"
#include "model/row_sum.h"
#include "runtime/device/ops.h"
#include "runtime/expect.h"

namespace switchyard {
namespace {

constexpr int column_threads = 128;

struct NormRows {
  const float* x;
  const float* weight;
  std::int64_t rows, n;
  bool quads;  // rows lie so that 16 bytes can be read at a time
};

__global__ void norm_kernel(NormRows in, float epsilon, float* out, float* inverse) {
  const std::int64_t row = row_of_thread();
  if (row >= in.rows) return;
  const std::int64_t n = in.n;
  const bool quads = in.quads;
  const float* weight = in.weight;
  const float* from = in.x + row * n;
  float* to = out + row * n;
  float squares = 0.0F;
  if (quads) {
    for (std::int64_t i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x) {
      const float4 v = load4(from + i);
      squares += (v.x * v.x + v.y * v.y) + (v.z * v.z + v.w * v.w);
    }
  } else {
    for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) squares += from[i] * from[i];
  }
  const float scale = 1.0F / std::sqrt(row_sum(squares) / static_cast<float>(n) + epsilon);
  if (quads) {
    for (std::int64_t i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x) {
      const float4 v = load4(from + i), w = load4(weight + i);
      store4(to + i, make_float4(v.x * scale * w.x, v.y * scale * w.y, v.z * scale * w.z,
                                 v.w * scale * w.w));
    }
  } else {
    for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) to[i] = from[i] * scale * weight[i];
  }
  if (threadIdx.x == 0) inverse[row] = scale;
}

// d_x = s * weight * d_out - x * s^3 * mean(weight * d_out * x), with s = inverse.
__global__ void norm_backward_kernel(const float* x, const float* weight, const float* inverse,
                                     const float* d_out, std::int64_t rows, std::int64_t n,
                                     float* d_x) {
  const std::int64_t row = row_of_thread();
  if (row >= rows) return;
  const float* from = x + row * n;
  const float* d_y = d_out + row * n;
  float dot = 0.0F;
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) dot += weight[i] * d_y[i] * from[i];
  const float scale = inverse[row];
  const float pull = scale * scale * scale * (row_sum(dot) / static_cast<float>(n));
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x)
    d_x[row * n + i] = d_y[i] * scale * weight[i] - from[i] * pull;
}

// sums[chunk] = sum over the rows of a chunk, in order, of d_out * inverse * x. A thread has a
// column.
__global__ void norm_weight_kernel(const float* x, const float* inverse, const float* d_out,
                                   std::int64_t rows, std::int64_t n, float* sums) {
  const std::int64_t column = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  const std::int64_t chunk = blockIdx.x;
  if (column >= n) return;
  const std::int64_t end = rows < (chunk + 1) * rows_per_sum ? rows : (chunk + 1) * rows_per_sum;
  float sum = 0.0F;
  for (std::int64_t row = chunk * rows_per_sum; row < end; ++row)
    sum += d_out[row * n + column] * inverse[row] * x[row * n + column];
  sums[chunk * n + column] = sum;
}

}  // namespace

void CudaModelOps::rms_norm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverse,
                            Stream& stream) {
  const std::int64_t rows = inverse.size(), n = weight.size();
  expect_size("x", x, rows * n);
  expect_size("out", out, rows * n);
  const NormRows in{device_data<float>(x), device_data<float>(weight), rows, n,
                    in_quads(n, x.data, weight.data, out.data)};
  launch(norm_kernel, row_grid(rows, n), stream, in, epsilon, device_data<float>(out),
         device_data<float>(inverse));
}

void CudaModelOps::rms_norm_backward(const RmsNormGradients& gradients, Tensor scratch,
                                     Stream& stream) {
  const Tensor x = gradients.x, weight = gradients.weight, inverse = gradients.inverse,
               d_out = gradients.d_out, d_x = gradients.d_x, d_weight = gradients.d_weight;
  const std::int64_t rows = inverse.size(), n = weight.size();
  expect_size("x", x, rows * n);
  expect_size("d_out", d_out, rows * n);
  expect_size("d_x", d_x, rows * n);
  expect_size("d_weight", d_weight, n);
  require(scratch.size() >= rms_norm_scratch(rows, n), "scratch has {} elements; {} are needed",
          scratch.size(), rms_norm_scratch(rows, n));
  const float* xs = device_data<float>(x);
  const float* inverses = device_data<float>(inverse);
  const float* d_outs = device_data<float>(d_out);
  float* sums = device_data<float>(scratch);
  // The kernels that read d_out run first, because d_x may overwrite it.
  launch(norm_weight_kernel,
         {.blocks = num_row_sums(rows),
          .threads = column_threads,
          .blocks_y = ceil_div(n, column_threads)},
         stream, xs, inverses, d_outs, rows, n, sums);
  RuntimeOps::on(stream.device())
      .join_row_sums(scratch.range(0, num_row_sums(rows) * n), d_weight, stream);
  launch(norm_backward_kernel, row_grid(rows, n), stream, xs, device_data<float>(weight), inverses,
         d_outs, rows, n, device_data<float>(d_x));
}

std::int64_t CudaModelOps::rms_norm_scratch(std::int64_t rows, std::int64_t n) const {
  return std::max<std::int64_t>(1, num_row_sums(rows)) * n;
}

}  // namespace switchyard
