// How the host reads what a stream's device computed, and hands it what the host computed. On a CPU
// both use the memory itself, and cost nothing.
#pragma once

#include <optional>

#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// Pinned memory of the host that a stream's device copies from and to.
class HostMemory {
 public:
  HostMemory() = default;
  HostMemory(std::int64_t bytes, Stream& stream);
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  void* data() const { return data_; }

 private:
  Stream* stream_ = nullptr;
  void* data_ = nullptr;
};

// A tensor as the host reads it. On a GPU this waits for all work queued so far, so a training step
// has few of them (docs/cuda.md).
class HostRead {
 public:
  HostRead(Tensor tensor, Stream& stream);

  template <class T>
  const T* as() const {
    return host_.as<T>();
  }
  Tensor tensor() const { return host_; }

 private:
  Tensor host_;
  std::optional<HostMemory> copy_;
};

// A tensor that the host writes and the stream's device reads afterwards.
class HostWrite {
 public:
  // The device will read `target`. Nothing waits.
  HostWrite(Tensor target, Stream& stream);

  template <class T>
  T* as() const {
    return host_.as<T>();
  }
  Tensor tensor() const { return host_; }
  Tensor target() const { return target_; }
  // Queues the copy of what was written so far to the device. Returns target.
  Tensor send();

 private:
  Tensor target_, host_;
  Stream& stream_;
  std::optional<HostMemory> copy_;
};

// Copies before the call returns, for starting, loading and saving. Requires: no queued work uses
// the tensor.
void write_now(const void* from, Tensor tensor);
void read_now(Tensor tensor, void* to);

// Returns `tensor` if the stream's device can read it, else a copy on that device in `arena`.
Tensor on_device(Tensor tensor, Arena& arena, Stream& stream);

}  // namespace switchyard
