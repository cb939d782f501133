// Streams and events.
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <utility>

#include "tests/cuda_host/device.h"

namespace cuda_host {

struct Queue {
  std::deque<std::function<void()>> work;
  int priority = 0;
};

bool starts_first(const Queue* queue) { return queue->priority == first_priority; }

struct Record {
  Queue* queue;
  bool done = false;
};

struct Event {
  std::shared_ptr<Record> last;
};

namespace {

constexpr int num_devices = 4;
bool eager_queues = false;
bool broken_device = false;
cudaError_t last_error = cudaSuccess;
cudaError_t answer(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}
cudaError_t state_of_device() {
  return answer(broken_device ? cudaErrorLaunchFailure : cudaSuccess);
}
std::set<Queue*>& queues() {
  static std::set<Queue*> all;
  return all;
}

// What calls without a stream write to device memory: a copy from memory that is not pinned may
// return before its bytes are there, and queues do not wait for it.
struct LateWrite {
  std::vector<std::byte> bytes;
  void* to;
};
std::vector<LateWrite> late_writes;

void finish_late_writes() {
  const OnDevice here;
  for (const LateWrite& each : late_writes)
    std::memcpy(each.to, each.bytes.data(), each.bytes.size());
  late_writes.clear();
}
void write_late(void* to, std::vector<std::byte> bytes) {
  late_writes.push_back({std::move(bytes), to});
  if (eager_queues) finish_late_writes();
}

void step(Queue& queue) {
  const auto next = std::move(queue.work.front());
  queue.work.pop_front();
  next();
}

void drain_until(const Record& record) {
  while (!record.done) {
    if (record.queue->work.empty()) die("an event that was never recorded");
    step(*record.queue);
  }
}

}  // namespace

cudaError_t refuse_memory() { return answer(cudaErrorMemoryAllocation); }
void set_eager(bool eager) { eager_queues = eager; }
void set_broken(bool broken) {
  broken_device = broken;
  last_error = cudaSuccess;
}

void drain(Queue* queue) {
  if (queue == nullptr || queue->work.empty()) return;
  const OnDevice here;
  while (!queue->work.empty()) step(*queue);
}

void enqueue(Queue* queue, std::function<void()> work) {
  if (queue == nullptr) die("work on the legacy stream, which waits for all others");
  queue->work.push_back(std::move(work));
  if (eager_queues) drain(queue);
}

}  // namespace cuda_host

using namespace cuda_host;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = num_devices;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  return device >= 0 && device < num_devices ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaGetDevice(int* device) {  // all are alike
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = static_cast<int>(sizes.shared_of_block);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* address, int size, int device) {  // no machine's bus
  std::snprintf(address, static_cast<std::size_t>(size), "FFFF:00:%02X.0", device);
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaSuccess                 ? "no error"
         : error == cudaErrorNotReady         ? "device not ready"
         : error == cudaErrorMemoryAllocation ? "out of memory"
         : error == cudaErrorLaunchFailure    ? "unspecified launch failure"
                                              : "invalid value";
}
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  write_late(memory, std::vector(bytes, static_cast<std::byte>(value)));
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  ++calls.waits;
  finish_late_writes();
  if (is_device_memory(to) && !is_device_memory(from) && !is_pinned(from)) {
    const auto* begin = static_cast<const std::byte*>(from);
    write_late(to, {begin, begin + bytes});
    return cudaSuccess;
  }
  const OnDevice here;
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  check_argument(memory);
  ++calls.fills;
  enqueue(stream, [=] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}
// Memory of the host that is not pinned is copied before the call returns.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  const auto pageable = [](const void* memory) {
    return !is_device_memory(memory) && !is_pinned(memory);
  };
  ++calls.copies;
  enqueue(stream, [=] { std::memmove(to, from, bytes); });
  if (pageable(to) || pageable(from)) {
    ++calls.waits;
    drain(stream);
  }
  return state_of_device();
}
cudaError_t cudaDeviceSynchronize() {
  ++calls.waits;
  finish_late_writes();
  for (Queue* queue : queues()) drain(queue);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = first_priority;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  if (flags != cudaStreamNonBlocking) die("a stream that waits for the legacy stream");
  *stream = new Queue;
  (*stream)->priority = priority;
  queues().insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  drain(stream);
  queues().erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ++calls.waits;
  drain(stream);
  return state_of_device();
}
// Who asks until the work is done has waited for it; each time one piece of it is done, but none
// where peers are dead.
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  if (broken_device) return state_of_device();
  if (stream->work.empty()) {
    ++calls.waits;
    return cudaSuccess;
  }
  const OnDevice here;
  if (peers() == Peers::alive) step(*stream);
  return answer(cudaErrorNotReady);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->last == nullptr) return cudaSuccess;
  enqueue(stream, [record = event->last] { drain_until(*record); });
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new Event;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->last = std::make_shared<Record>(Record{stream});
  enqueue(stream, [record = event->last] { record->done = true; });
  return state_of_device();
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  ++calls.waits;
  if (event->last == nullptr) return cudaSuccess;
  const OnDevice here;
  drain_until(*event->last);
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (broken_device) return state_of_device();
  return answer(event->last == nullptr || event->last->done ? cudaSuccess : cudaErrorNotReady);
}
