// CudaQueue: a CUDA stream, the cuBLASLt handle that works for it, and pinned memory.
#pragma once

#include <array>
#include <deque>
#include <map>

#include "runtime/device/cuda_handles.h"
#include "runtime/device/device_queue.h"
#include "runtime/device/stream.h"

namespace switchyard {

class CudaQueue final : public DeviceQueue {
 public:
  CudaQueue(Device device, bool tf32);
  ~CudaQueue() override;

  void synchronize() override;
  std::unique_ptr<QueueMark> mark() override;
  void wait_for(const QueueMark& mark) override;
  void copy(const void* from, void* to, std::int64_t bytes) override;
  void* take_pinned(std::int64_t bytes) override;
  void give_back_pinned(void* memory) noexcept override;

  cudaStream_t stream() const { return stream_; }
  cublasLtHandle_t blas() const { return blas_; }
  bool tf32() const override { return tf32_; }
  // Memory for cuBLASLt; allocated on first use, since not every queue multiplies.
  Tensor workspace();
  // Memory for one op, which resets it once all its work is queued.
  Arena& scratch() { return scratch_; }
  // The kernels of products met so far (runtime/product/matmul.cu).
  using ProductKey = std::array<std::int64_t, 6>;
  std::map<ProductKey, cublasLtMatmulAlgo_t>& algorithms() { return algorithms_; }

 private:
  struct Pinned {
    std::int64_t bytes;
    PinnedMemory memory{bytes};
    CudaEvent free_after{};  // recorded when the memory was given back
    explicit Pinned(std::int64_t size) : bytes(size) {}
  };

  Device device_;
  CudaStream stream_;
  CublasLt blas_;
  bool tf32_;
  Buffer workspace_;
  Arena scratch_;
  std::map<ProductKey, cublasLtMatmulAlgo_t> algorithms_;
  std::map<void*, std::unique_ptr<Pinned>> pinned_;
  // By size, in the order in which they were given back: while the first of a size is in use, so
  // are the others, and a backward pass that runs ahead of the device asks one event and not
  // hundreds.
  std::map<std::int64_t, std::deque<Pinned*>> given_back_;
};

// Errors: Exit::internal for a CPU stream.
CudaQueue& cuda_queue(Stream& stream);

}  // namespace switchyard
