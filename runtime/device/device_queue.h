// DeviceQueue: the work of a device that runs beside the host, as a stream sees it. A CPU stream
// has none.
#pragma once

#include <cstdint>
#include <memory>

namespace switchyard {

// A place in a queue: behind all that was queued before it was made.
class QueueMark {
 public:
  virtual ~QueueMark() = default;
  QueueMark() = default;
  QueueMark(const QueueMark&) = delete;
  QueueMark& operator=(const QueueMark&) = delete;
};

class DeviceQueue {
 public:
  virtual ~DeviceQueue() = default;
  DeviceQueue() = default;
  DeviceQueue(const DeviceQueue&) = delete;
  DeviceQueue& operator=(const DeviceQueue&) = delete;

  virtual void synchronize() = 0;
  virtual std::unique_ptr<QueueMark> mark() = 0;
  // What is queued from now on starts after the mark, which may be of another queue. The host does
  // not wait.
  virtual void wait_for(const QueueMark& mark) = 0;
  virtual bool tf32() const = 0;  // see Stream::cuda
  // Queued: between memory of the device and of the host, either way. The host's is pinned.
  virtual void copy(const void* from, void* to, std::int64_t bytes) = 0;
  // Memory of the host that the device reads and writes by itself. Given back, it is used again
  // once the work queued so far is done; that never throws.
  virtual void* take_pinned(std::int64_t bytes) = 0;
  virtual void give_back_pinned(void* memory) = 0;
};

}  // namespace switchyard
