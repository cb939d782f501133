// Element-wise ops on a GPU: a thread takes four elements where their addresses allow.
#include "runtime/device/ops.h"

#include "runtime/device/cuda.h"
#include "runtime/expect.h"
#include "runtime/fixed_add.h"
#include "runtime/device/kernel.h"
#include "runtime/device/map.h"

namespace switchyard {
namespace {

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
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

  void add_fixed(Tensor in, const FixedPoint& format, Tensor sum, Tensor misfit,
                 Stream& stream) override {
    require(in.size() == sum.size(), "adding {} to {}", in.shape, sum.shape);
    const FixedAdd fixed{format.scale(), format.limit, device_data<std::int32_t>(misfit)};
    launch(add_fixed_kernel, map_grid(in.size()), stream, device_data<float>(in), in.size(), fixed,
           device_data<std::int64_t>(sum));
  }
};

}  // namespace

RuntimeOps& cuda::runtime_ops() {
  static CudaRuntimeOps ops;
  return ops;
}

}  // namespace switchyard
