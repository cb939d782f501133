// Stream: an in-order queue of work on one device. Every op and every collective takes one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/device/device_queue.h"
#include "runtime/tensor.h"

namespace switchyard {

class Trace;

// What a library of matrix products keeps for one stream; the room that talks to the library
// derives from it (runtime/product/matmul_library.h).
class ProductHandles {
 public:
  virtual ~ProductHandles() = default;
};

// On a CPU the queue is empty whenever a call returns: work runs at once, on `num_threads` threads
// of this rank. The stream also holds the handles of the libraries that work for it, as cuBLAS
// handles belong to a CUDA stream.
class Stream {
 public:
  static Stream cpu(int num_threads);
  // Work is queued and runs beside the host, whose loops take one thread. tf32: products of f32 may
  // round their operands to 10 bits of mantissa on the way into the tensor cores.
  static Stream cuda(Device device, bool tf32 = false);
  // Either, with one thread of a CPU.
  static Stream on(Device device);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  Device device() const { return device_; }
  int num_threads() const { return num_threads_; }
  // Those of this stream; `make` makes them when they are first asked for, by whatever thread.
  ProductHandles& product_handles(std::unique_ptr<ProductHandles> (*make)());
  DeviceQueue* queue() const { return queue_.get(); }  // nullptr on a CPU
  // Waits until all that was queued is done.
  void synchronize() {
    if (queue_) queue_->synchronize();
  }

  // Where the parts of a step add their times (runtime/device/trace.h); none by default. The caller
  // owns it.
  void set_trace(Trace* trace) { trace_ = trace; }
  Trace* trace() const { return trace_; }

 private:
  Stream(Device device, int num_threads);
  Device device_;
  int num_threads_ = 1;
  Trace* trace_ = nullptr;
  struct ProductSlot;
  std::unique_ptr<ProductSlot> product_slot_;
  std::unique_ptr<DeviceQueue> queue_;
};

// Calls body(i) for i in [0, count) on the stream's threads, each index once, in no order that may
// be relied on. An exception of a body is thrown again here after all bodies ended.
void parallel_for(Stream& stream, std::int64_t count,
                  const std::function<void(std::int64_t)>& body);

}  // namespace switchyard
