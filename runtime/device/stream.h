// Stream: an in-order queue of work on one device. Every op and every collective takes one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/device/device_queue.h"
#include "runtime/tensor.h"

namespace switchyard {

class Trace;

// What a library of matrix products keeps for one stream. runtime/product/matmul_library.h derives
// from it.
class ProductHandles {
 public:
  virtual ~ProductHandles() = default;
};

// On a CPU work runs at once, on `num_threads` threads of this rank, so the queue is empty whenever
// a call returns. The stream also holds the handles of the libraries that work on it.
class Stream {
 public:
  static Stream cpu(int num_threads);
  // Work is queued and runs beside the host, whose own loops use one thread. tf32: tensor cores may
  // round the operands of f32 products to 10 bits of mantissa.
  static Stream cuda(Device device, bool tf32 = false);
  // Either of the two; one thread on a CPU.
  static Stream on(Device device);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  Device device() const { return device_; }
  int num_threads() const { return num_threads_; }
  // The handles of this stream, which `make` creates on first use. Safe from many threads.
  ProductHandles& product_handles(std::unique_ptr<ProductHandles> (*make)());
  DeviceQueue* queue() const { return queue_.get(); }  // nullptr on a CPU
  // Waits until all queued work is done.
  void synchronize() {
    if (queue_) queue_->synchronize();
  }

  // Whether a row's bits may depend on the rows beside it in grouped products of bf16, so that a
  // library may compute them (runtime/cutlass). Not by default.
  void allow_inexact_groups(bool allow) { inexact_groups_ = allow; }
  bool inexact_groups() const { return inexact_groups_; }

  // The parts of a step add their times to the trace (runtime/device/trace.h); there is none by
  // default. The caller owns it.
  void set_trace(Trace* trace) { trace_ = trace; }
  Trace* trace() const { return trace_; }

 private:
  Stream(Device device, int num_threads);
  Device device_;
  int num_threads_ = 1;
  bool inexact_groups_ = false;
  Trace* trace_ = nullptr;
  struct ProductSlot;
  std::unique_ptr<ProductSlot> product_slot_;
  std::unique_ptr<DeviceQueue> queue_;
};

// Calls body(i) once for each i in [0, count) on the stream's threads, in no particular order. If a
// body throws, this rethrows its exception after all bodies have ended.
void parallel_for(Stream& stream, std::int64_t count,
                  const std::function<void(std::int64_t)>& body);

}  // namespace switchyard
