#include "runtime/device/stream.h"

#include <omp.h>

#include <exception>
#include <mutex>

#include "runtime/device/cuda.h"
#include "runtime/device/parallel.h"

namespace switchyard {

struct Stream::ProductSlot {
  std::once_flag made;
  std::unique_ptr<ProductHandles> handles;
};

ProductHandles& Stream::product_handles(std::unique_ptr<ProductHandles> (*make)()) {
  std::call_once(product_slot_->made, [&] { product_slot_->handles = make(); });
  return *product_slot_->handles;
}

Stream Stream::cpu(int num_threads) {
  require(num_threads >= 1, "a stream needs at least one thread, got {}", num_threads);
  return Stream(Device::cpu(), num_threads);
}

Stream Stream::cuda(Device device, bool tf32) {
  Stream stream(device, 1);
  stream.queue_ = cuda::make_queue(device, tf32);
  return stream;
}

Stream Stream::on(Device device) {
  return device.kind == Device::Kind::cpu ? cpu(1) : cuda(device);
}

Stream::Stream(Device device, int num_threads)
    : device_(device), num_threads_(num_threads), product_slot_(std::make_unique<ProductSlot>()) {}

Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

bool beside_other_threads() { return omp_in_parallel() != 0; }

void parallel_for(Stream& stream, std::int64_t count,
                  const std::function<void(std::int64_t)>& body) {
  if (stream.num_threads() == 1 || count <= 1 || beside_other_threads()) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::exception_ptr failure;
  std::mutex guard;
#pragma omp parallel for num_threads(stream.num_threads()) schedule(dynamic, 1)
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      body(i);
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace switchyard
