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
  // Sizes are powers of two, so that a few pieces serve all tensors of a step.
  const auto size = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::max(bytes, min_pinned))));
  std::deque<Pinned*>& given_back = given_back_[size];
  if (!given_back.empty() && is_done(cudaEventQuery(given_back.front()->free_after))) {
    void* memory = given_back.front()->memory.data();
    given_back.pop_front();
    return memory;
  }
  auto piece = std::make_unique<Pinned>(size);
  void* memory = piece->memory.data();
  pinned_.emplace(memory, std::move(piece));
  return memory;
}

// If the device failed, the next checked call reports it, and this piece is never used again. This
// function does not throw, since its caller may be handling an error already.
void CudaQueue::give_back_pinned(void* memory) noexcept {
  Pinned* piece = pinned_.find(memory)->second.get();
  if (cudaEventRecord(piece->free_after, stream_) == cudaSuccess)
    given_back_[piece->bytes].push_back(piece);
}

std::unique_ptr<DeviceQueue> cuda::make_queue(Device device, bool tf32) {
  return std::make_unique<CudaQueue>(device, tf32);
}

CudaQueue& cuda_queue(Stream& stream) {
  require(stream.device().kind == Device::Kind::cuda, "a kernel was given a CPU stream");
  return static_cast<CudaQueue&>(*stream.queue());
}

}  // namespace switchyard
