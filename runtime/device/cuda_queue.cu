#include "runtime/device/stream.h"

#include <algorithm>
#include <bit>
#include <thread>

#include "runtime/device/cuda.h"
#include "runtime/device/cuda_queue.h"
#include "runtime/device/nccl_handle.h"

namespace switchyard {
namespace {

constexpr std::int64_t blas_workspace = std::int64_t{32} << 20;  // NVIDIA's advice for Hopper
constexpr std::int64_t min_pinned = 4096;

struct CudaMark final : public QueueMark {
  CudaEvent event;
  explicit CudaMark(cudaStream_t stream) { check(cudaEventRecord(event, stream)); }
};

}  // namespace

CudaQueue::CudaQueue(Device device, bool tf32)
    : device_(device), stream_(device), tf32_(tf32), scratch_(device) {}

// Queued work may use memory that goes next.
CudaQueue::~CudaQueue() { cudaStreamSynchronize(stream_); }

// The queue may be waiting for a peer that died.
void CudaQueue::synchronize() {
  while (!is_done(cudaStreamQuery(stream_))) {
    check_peers();
    std::this_thread::yield();
  }
}

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
    if (!is_done(cudaEventQuery(pinned.free_after))) continue;
    pinned.taken = true;
    return pinned.memory.data();
  }
  // Sizes are powers of two, so that a few pieces serve all tensors of a step.
  const auto size = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::max(bytes, min_pinned))));
  return pinned_.emplace_back(size).memory.data();
}

// If the device failed, the next checked call reports it, and this piece is never used again. This
// function does not throw, since its caller may be handling an error already.
void CudaQueue::give_back_pinned(void* memory) noexcept {
  const auto found = std::find_if(pinned_.begin(), pinned_.end(), [&](const Pinned& pinned) {
    return pinned.memory.data() == memory;
  });
  if (cudaEventRecord(found->free_after, stream_) == cudaSuccess) found->taken = false;
}

std::unique_ptr<DeviceQueue> cuda::make_queue(Device device, bool tf32) {
  return std::make_unique<CudaQueue>(device, tf32);
}

CudaQueue& cuda_queue(Stream& stream) {
  require(stream.device().kind == Device::Kind::cuda, "a kernel was given a CPU stream");
  return static_cast<CudaQueue&>(*stream.queue());
}

}  // namespace switchyard
