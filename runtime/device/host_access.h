// Where the host and a stream's device meet: reading what the device computed, and handing it what
// the host did. On a CPU both are the memory itself, and cost nothing.
#pragma once

#include <optional>

#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// Memory of the host that a stream's device copies from and to: pinned, or of the stream's own
// memory if that is the host's.
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

// A tensor as the host reads it. On a GPU this waits for all work queued so far: the steady state
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
  // `target` is where the device will read; nothing waits.
  HostWrite(Tensor target, Stream& stream);

  template <class T>
  T* as() const {
    return host_.as<T>();
  }
  Tensor tensor() const { return host_; }
  Tensor target() const { return target_; }
  // Queues the way to the device, for what was written before. Returns target.
  Tensor send();

 private:
  Tensor target_, host_;
  Stream& stream_;
  std::optional<HostMemory> copy_;
};

// At once, for starting, loading and saving: no work that uses the tensor may be queued.
void write_now(const void* from, Tensor tensor);
void read_now(Tensor tensor, void* to);

// `tensor`, if it is where the stream's device reads, or a copy there that lives in `arena`.
Tensor on_device(Tensor tensor, Arena& arena, Stream& stream);

}  // namespace switchyard
