// Device memory. Buffers are few and live long: an Arena is the allocator of a step, reused in the
// order of its stream. Buffers are freed while queued kernels may still use them, and rely on
// cudaFree, which waits for the device; with an allocator that does not (cudaMallocAsync), they
// would need an event.
#include <algorithm>
#include <memory>

#include "runtime/device/cuda.h"
#include "runtime/device/cuda_handles.h"

namespace switchyard {

void* cuda::allocate(std::int64_t bytes, Device device) {
  check(cudaSetDevice(device.index));
  void* memory = nullptr;
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1));
  const cudaError_t result = cudaMalloc(&memory, size);
  if (result != cudaSuccess) cudaGetLastError();  // the caller may do with less
  require(result == cudaSuccess, Exit::internal,
          "GPU {} has no {:.1f} MiB more ({}); use more GPUs or a smaller micro-batch",
          device.index, static_cast<double>(bytes) / (1 << 20), cudaGetErrorString(result));
  std::unique_ptr<void, decltype(&cuda::release)> owned(memory, &cuda::release);
  const CudaStream stream(device);  // waits for no kernel of NCCL's, whose peer may be dead
  check(cudaMemsetAsync(memory, 0, size, stream));
  check(cudaStreamSynchronize(stream));
  return owned.release();
}

void cuda::copy_now(const void* from, void* to, std::int64_t bytes) {
  check(cudaMemcpy(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDefault));
  check(cudaDeviceSynchronize());  // cudaMemcpy may return before bytes of pageable memory arrive
}

void cuda::release(void* memory) noexcept { cudaFree(memory); }

}  // namespace switchyard
