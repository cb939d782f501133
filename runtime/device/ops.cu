// Element-wise ops on a GPU, where a thread takes four elements if their addresses allow, and sums
// of rows, where a thread has a column.
#include "runtime/device/ops.h"

#include "runtime/device/cuda.h"
#include "runtime/device/kernel.h"
#include "runtime/device/map.h"
#include "runtime/expect.h"
#include "runtime/fixed_add.h"

namespace switchyard {
namespace {

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};

struct Scale {
  float factor;
  __device__ float operator()(float a) const { return factor * a; }
};

__global__ void add_integers_kernel(const std::int64_t* in, std::int64_t count,
                                    std::int64_t* inout) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride)
    inout[i] += in[i];
}

__global__ void add_fixed_kernel(const float* in, std::int64_t count, FixedAdd fixed,
                                 std::int64_t* sum) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride)
    fixed.add(in[i], sum[i]);
}

constexpr int column_threads = 128;
constexpr int join_width = 32;  // columns and pairs that a block joins at a time

__global__ void add_to_rows_kernel(const float* row, std::int64_t rows, std::int64_t n,
                                   float* inout) {
  const std::int64_t column = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  if (column >= n) return;
  const std::int64_t first = std::int64_t{blockIdx.x} * rows_per_sum;
  const std::int64_t end = rows < first + rows_per_sum ? rows : first + rows_per_sum;
  for (std::int64_t r = first; r < end; ++r) inout[r * n + column] += row[column];
}

__global__ void sum_rows_kernel(const float* in, std::int64_t rows, std::int64_t n, float* sums) {
  const std::int64_t column = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  if (column >= n) return;
  const std::int64_t chunk = blockIdx.x, first = chunk * rows_per_sum;
  const std::int64_t end = rows < first + rows_per_sum ? rows : first + rows_per_sum;
  float sum = in[first * n + column];
  for (std::int64_t r = first + 1; r < end; ++r) sum += in[r * n + column];
  sums[chunk * n + column] = sum;
}

// A block has join_width columns.
__global__ void join_kernel(float* sums, std::int64_t count, std::int64_t n, float* out) {
  const std::int64_t column = std::int64_t{blockIdx.x} * join_width + threadIdx.x;
  for (std::int64_t stride = 1; stride < count; stride *= 2) {
    for (std::int64_t i = 2 * stride * threadIdx.y; i + stride < count;
         i += 2 * stride * join_width) {
      if (column < n) sums[i * n + column] += sums[(i + stride) * n + column];
    }
    __syncthreads();
  }
  if (threadIdx.y == 0 && column < n) out[column] = count == 0 ? 0.0F : sums[column];
}

// A block has a chunk of rows and some of the columns.
Grid chunk_grid(std::int64_t rows, std::int64_t n) {
  return {.blocks = num_row_sums(rows),
          .threads = column_threads,
          .blocks_y = ceil_div(n, column_threads)};
}

class CudaRuntimeOps final : public RuntimeOps {
 public:
  void zero(Tensor out, Stream& stream) override {
    if (out.empty()) return;
    check(cudaMemsetAsync(out.data, 0, static_cast<std::size_t>(out.bytes()),
                          cuda_queue(stream).stream()));
  }

  void copy(Tensor in, Tensor out, Stream& stream) override {
    require(in.bytes() == out.bytes(), "copying {} into {}", in.shape, out.shape);
    cuda_queue(stream).copy(in.data, out.data, in.bytes());
  }

  void add(Tensor in, Tensor inout, Stream& stream) override {
    require(in.size() == inout.size(), "adding {} to {}", in.shape, inout.shape);
    if (in.dtype == DType::i64) {
      launch(add_integers_kernel, map_grid(in.size()), stream, device_data<std::int64_t>(in),
             in.size(), device_data<std::int64_t>(inout));
      return;
    }
    map(Sum{}, inout.size(), device_data<float>(inout), stream, device_data<float>(inout),
        device_data<float>(in));
  }

  void scale(float factor, Tensor inout, Stream& stream) override {
    map(Scale{factor}, inout.size(), device_data<float>(inout), stream, device_data<float>(inout));
  }

  void add_fixed(Tensor in, const FixedPoint& format, Tensor sum, Tensor misfit,
                 Stream& stream) override {
    require(in.size() == sum.size(), "adding {} to {}", in.shape, sum.shape);
    const FixedAdd fixed{format.scale(), format.limit, device_data<std::int32_t>(misfit)};
    launch(add_fixed_kernel, map_grid(in.size()), stream, device_data<float>(in), in.size(), fixed,
           device_data<std::int64_t>(sum));
  }

  void add_to_rows(Tensor row, Tensor inout, Stream& stream) override {
    const std::int64_t n = row.size(), rows = inout.rows();
    expect_size("inout", inout, rows * n);
    launch(add_to_rows_kernel, chunk_grid(rows, n), stream, device_data<float>(row), rows, n,
           device_data<float>(inout));
  }

  void sum_rows(Tensor in, Tensor sums, Tensor out, Stream& stream) override {
    const std::int64_t n = out.size(), rows = in.rows();
    expect_size("in", in, rows * n);
    expect_size("sums", sums, num_row_sums(rows) * n);
    launch(sum_rows_kernel, chunk_grid(rows, n), stream, device_data<float>(in), rows, n,
           device_data<float>(sums));
    join_row_sums(sums, out, stream);
  }

  void join_row_sums(Tensor sums, Tensor out, Stream& stream) override {
    const std::int64_t n = out.size(), count = sums.size() / std::max<std::int64_t>(1, n);
    expect_size("sums", sums, count * n);
    launch(join_kernel, {.blocks = ceil_div(n, join_width), .threads = {join_width, join_width}},
           stream, device_data<float>(sums), count, n, device_data<float>(out));
  }
};

}  // namespace

RuntimeOps& cuda::runtime_ops() {
  static CudaRuntimeOps ops;
  return ops;
}

}  // namespace switchyard
