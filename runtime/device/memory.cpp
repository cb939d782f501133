// Buffer and Arena (runtime/tensor.h), whose memory may be a GPU's.
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "runtime/device/cuda.h"
#include "runtime/tensor.h"

namespace switchyard {
namespace {

constexpr std::int64_t cache_line = 64;
constexpr std::int64_t huge_page_bytes = std::int64_t{2} << 20;
constexpr std::int64_t arena_chunk = std::int64_t{1} << 20;

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

void* allocate_zeroed(std::int64_t bytes) {
  const std::int64_t alignment = bytes >= huge_page_bytes ? huge_page_bytes : cache_line;
  const std::int64_t rounded = round_up(std::max(bytes, cache_line), alignment);
  void* memory =
      std::aligned_alloc(static_cast<std::size_t>(alignment), static_cast<std::size_t>(rounded));
  require(
      memory != nullptr, Exit::internal,
      "out of memory: this rank asked for {:.1f} MiB more; use more ranks or a smaller micro-batch",
      static_cast<double>(bytes) / (1 << 20));
  // This is only a hint: where huge pages are off, the system uses ordinary ones.
  if (alignment == huge_page_bytes)
    madvise(memory, static_cast<std::size_t>(rounded), MADV_HUGEPAGE);
  std::memset(memory, 0, static_cast<std::size_t>(rounded));
  return memory;
}

// Memory for `bytes`, and for `spare` more if there is as much. Errors: as Buffer().
Buffer with_spare(std::int64_t bytes, std::int64_t spare, Device device) {
  if (spare > 0) {
    try {
      return Buffer(Shape{bytes + spare}, DType::u8, device);
    } catch (const Error&) {  // what is needed may still fit
    }
  }
  return Buffer(Shape{bytes}, DType::u8, device);
}

}  // namespace

Buffer::Buffer(Shape shape, DType dtype, Device device) {
  const std::int64_t bytes = shape.size() * bytes_of(dtype);
  const bool on_host = device.kind == Device::Kind::cpu;
  tensor_ = {on_host ? allocate_zeroed(bytes) : cuda::allocate(bytes, device), shape, dtype,
             device};
}

Buffer::~Buffer() {
  if (tensor_.device.kind == Device::Kind::cpu) {
    std::free(tensor_.data);
  } else {
    cuda::release(tensor_.data);
  }
}

Buffer::Buffer(Buffer&& other) noexcept : tensor_(std::exchange(other.tensor_, Tensor{})) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  Buffer taken(std::move(other));
  std::swap(tensor_, taken.tensor_);
  return *this;
}

void Arena::reserve(std::int64_t bytes) {
  require(chunks_.empty(), "an arena of {} bytes is asked to reserve {}", held_bytes(), bytes);
  if (bytes > 0) chunks_.emplace_back(Shape{round_up(bytes, cache_line)}, DType::u8, device_);
}

std::int64_t Arena::held_bytes() const {
  std::int64_t bytes = 0;
  for (const Buffer& chunk : chunks_) bytes += chunk.tensor().bytes();
  return bytes;
}

Arena Arena::counting(Device device) {
  Arena arena(device);
  arena.counts_only_ = true;
  return arena;
}

Tensor Arena::take(Shape shape, DType dtype) {
  const std::int64_t bytes = round_up(shape.size() * bytes_of(dtype), cache_line);
  if (counts_only_) {
    used_ += bytes;
    high_water_ = std::max(high_water_, used_);
    return {nullptr, shape, dtype, device_};
  }
  if (chunks_.empty() || used_in_last_ + bytes > chunks_.back().tensor().bytes()) {
    // Grows by a part of what is held: a step that outgrows its memory asks a few times for more.
    const std::int64_t grown = std::max(arena_chunk, held_bytes() / 8);
    chunks_.push_back(with_spare(bytes, std::max<std::int64_t>(grown - bytes, 0), device_));
    used_in_last_ = 0;
  }
  Tensor tensor{static_cast<std::byte*>(chunks_.back().tensor().data) + used_in_last_, shape, dtype,
                device_};
  used_in_last_ += bytes;
  used_ += bytes;
  high_water_ = std::max(high_water_, used_);
  return tensor;
}

void Arena::reset() {
  if (!counts_only_ && (high_water_ > held_bytes() || chunks_.size() > 1)) {
    // One chunk that holds all of it and, if the device has room, a micro-batch with some more
    // rows.
    chunks_.clear();
    chunks_.push_back(with_spare(high_water_, high_water_ / 8, device_));
  }
  used_in_last_ = 0;
  used_ = 0;
}

ArenaScope::~ArenaScope() {
  arena_.chunks_.resize(num_chunks_);
  arena_.used_in_last_ = used_in_last_;
  arena_.used_ = used_;
}

}  // namespace switchyard
