// The handles of CUDA's libraries, one class for each kind. For .cu files.
#pragma once

#include <cstdint>

#include "runtime/device/cuda_check.h"
#include "runtime/tensor.h"

namespace switchyard {

// first: blocks of its kernels start before those of usual streams that wait for a multiprocessor.
enum class StreamPriority : std::uint8_t { usual, first };

// A queue that does not wait for work without a queue. The constructor makes its device current.
class CudaStream {
 public:
  explicit CudaStream(Device device, StreamPriority priority = StreamPriority::usual) {
    check(cudaSetDevice(device.index));
    int last = 0, first = 0;
    check(cudaDeviceGetStreamPriorityRange(&last, &first));
    check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking,
                                       priority == StreamPriority::first ? first : last));
  }
  ~CudaStream() { cudaStreamDestroy(stream_); }  // queued work still completes
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// An event of the current device.
class CudaEvent {
 public:
  CudaEvent() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~CudaEvent() { cudaEventDestroy(event_); }
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;
  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

// Host memory that devices read and write by themselves.
class PinnedMemory {
 public:
  explicit PinnedMemory(std::int64_t bytes) {
    check(cudaMallocHost(&data_, static_cast<std::size_t>(bytes)));
  }
  ~PinnedMemory() { cudaFreeHost(data_); }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

class CublasLt {
 public:
  CublasLt() { check(cublasLtCreate(&handle_)); }
  ~CublasLt() { cublasLtDestroy(handle_); }
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;
  operator cublasLtHandle_t() const { return handle_; }

 private:
  cublasLtHandle_t handle_ = nullptr;
};

}  // namespace switchyard
