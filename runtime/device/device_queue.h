// DeviceQueue: the work that a device does beside the host, as a stream sees it. A CPU stream has
// none.
#pragma once

#include <cstdint>
#include <memory>

namespace switchyard {

// A place in a queue: after everything that was queued before the mark was made.
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
  // Work that is queued from now on starts after the mark, which may belong to another queue. The
  // host does not wait.
  virtual void wait_for(const QueueMark& mark) = 0;
  virtual bool tf32() const = 0;  // see Stream::cuda
  // Queues a copy between memory of the device and pinned memory of the host, in either direction.
  virtual void copy(const void* from, void* to, std::int64_t bytes) = 0;
  // Host memory that the device reads and writes by itself. Memory that was given back is used
  // again once the work queued so far is done. Giving back never throws.
  virtual void* take_pinned(std::int64_t bytes) = 0;
  virtual void give_back_pinned(void* memory) = 0;
};

}  // namespace switchyard
