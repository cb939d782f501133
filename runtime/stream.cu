#include "runtime/stream.h"

#include <algorithm>
#include <bit>

#include "runtime/cuda.h"
#include "runtime/cuda_queue.h"

namespace switchyard {
namespace {

constexpr std::int64_t blas_workspace = std::int64_t{32} << 20;  // what NVIDIA advises for Hopper
constexpr std::int64_t least_pinned = 4096;

struct CudaMark final : public QueueMark {
  cudaEvent_t event = nullptr;
  explicit CudaMark(cudaStream_t stream) {
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    check(cudaEventRecord(event, stream));
  }
  ~CudaMark() override { cudaEventDestroy(event); }
};

}  // namespace

CudaQueue::CudaQueue(Device device, bool tf32) : device_(device), tf32_(tf32), scratch_(device) {
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

std::unique_ptr<QueueMark> CudaQueue::mark() { return std::make_unique<CudaMark>(stream_); }

void CudaQueue::wait_for(const QueueMark& mark) {
  check(cudaStreamWaitEvent(stream_, static_cast<const CudaMark&>(mark).event, 0));
}

Tensor CudaQueue::workspace() {
  if (workspace_.tensor().empty()) workspace_ = Buffer(Shape{blas_workspace}, DType::u8, device_);
  return workspace_;
}

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
