#include "runtime/stream.h"

#include <algorithm>
#include <bit>

#include "runtime/cuda.h"
#include "runtime/cuda_queue.h"

namespace switchyard {
namespace {

constexpr std::int64_t blas_workspace = std::int64_t{32} << 20;  // what NVIDIA advises for Hopper
constexpr std::int64_t least_pinned = 4096;

}  // namespace

CudaQueue::CudaQueue(Device device, bool tf32)
    : tf32_(tf32), workspace_(Shape{blas_workspace}, DType::u8, device), scratch_(device) {
  check(cudaSetDevice(device.index));
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  check(cublasLtCreate(&blas_));
}

CudaQueue::~CudaQueue() {
  cudaStreamSynchronize(stream_);
  for (const Pinned& pinned : pinned_) {
    cudaEventDestroy(pinned.free_after);
    cudaFreeHost(pinned.memory);
  }
  cublasLtDestroy(blas_);
  cudaStreamDestroy(stream_);
}

void CudaQueue::synchronize() { check(cudaStreamSynchronize(stream_)); }

void CudaQueue::copy(const void* from, void* to, std::int64_t bytes) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDefault, stream_));
}

void* CudaQueue::take_pinned(std::int64_t bytes) {
  for (Pinned& pinned : pinned_) {
    if (pinned.taken || pinned.bytes < bytes) continue;
    if (cudaEventQuery(pinned.free_after) != cudaSuccess) continue;
    pinned.taken = true;
    return pinned.memory;
  }
  // Sizes are powers of two, so that a few pieces serve all tensors of a step.
  const auto size = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::max(bytes, least_pinned))));
  Pinned fresh{nullptr, size, nullptr, true};
  check(cudaMallocHost(&fresh.memory, static_cast<std::size_t>(size)));
  check(cudaEventCreateWithFlags(&fresh.free_after, cudaEventDisableTiming));
  pinned_.push_back(fresh);
  return fresh.memory;
}

void CudaQueue::give_back_pinned(void* memory) {
  const auto found = std::find_if(pinned_.begin(), pinned_.end(),
                                  [&](const Pinned& pinned) { return pinned.memory == memory; });
  check(cudaEventRecord(found->free_after, stream_));
  found->taken = false;
}

std::unique_ptr<DeviceQueue> cuda::make_queue(Device device, bool tf32) {
  return std::make_unique<CudaQueue>(device, tf32);
}

CudaQueue& cuda_queue(Stream& stream) {
  require(stream.device().kind == Device::Kind::cuda, "a kernel was given a CPU stream");
  return static_cast<CudaQueue&>(*stream.queue());
}

}  // namespace switchyard
