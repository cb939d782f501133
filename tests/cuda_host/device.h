// The parts of the emulated device that its files share.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <vector>

namespace cuda_host {

[[noreturn]] void die(const char* what);

// Device memory can be touched while one of these lives, which only work taken from a queue does.
class OnDevice {
 public:
  OnDevice();
  ~OnDevice();
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
};

bool is_device_memory(const void* memory);
bool is_pinned(const void* memory);

// A block of so many threads begins: no copy to shared memory is under way (copies.cpp).
void forget_copies(unsigned threads);

// How often the host has waited for a queue or an event, asked for memory or given it back, and
// queued kernels (a sort is one), fills and copies, NCCL's not among them.
struct Calls {
  std::int64_t waits = 0, allocations = 0, launches = 0, fills = 0, copies = 0;
};
inline Calls calls;

// What the GPUs have, until another number is set: memory without end, and 227 KiB for each block.
struct Sizes {
  std::int64_t memory = std::int64_t{1} << 40, shared_of_block = 227 << 10;
};
inline Sizes sizes;

// Queues do nothing until someone waits for them: work that forgot to wait for an event finds that
// the other queue has not begun. With `eager`, they run at once: work that forgot to wait before it
// overwrites something finds it too late.
void set_eager(bool eager);
// From now on a kernel has failed: calls that ask for work or wait for it say so.
void set_broken(bool broken);
// What NCCL's peers are from now on: alive; dead, so that work waits for what they never send,
// until its communicator is aborted; or dead and noticed, so that communicators say so.
enum class Peers { alive, dead, noticed };
void set_peers(Peers peers);
Peers peers();
// The answer of a device that has no more memory; the runtime keeps it as its last error.
cudaError_t refuse_memory();
// The priority of streams whose kernels start before those of others. NCCL refuses other streams,
// on which rows would wait for products to end.
inline constexpr int first_priority = -5;
bool starts_first(const Queue* queue);
void enqueue(Queue* queue, std::function<void()> work);
void drain(Queue* queue);

}  // namespace cuda_host
