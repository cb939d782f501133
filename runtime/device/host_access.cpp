#include "runtime/device/host_access.h"

#include <cstring>

#include "runtime/device/cuda.h"

namespace switchyard {

HostMemory::HostMemory(std::int64_t bytes, Stream& stream)
    : stream_(&stream), data_(stream.queue()->take_pinned(bytes)) {}

HostMemory::~HostMemory() {
  if (data_ != nullptr) stream_->queue()->give_back_pinned(data_);
}

HostRead::HostRead(Tensor tensor, Stream& stream) : host_(tensor) {
  if (tensor.device == Device::cpu() || tensor.empty()) return;
  copy_.emplace(tensor.bytes(), stream);
  stream.queue()->copy(tensor.data, copy_->data(), tensor.bytes());
  stream.synchronize();
  host_.data = copy_->data();
  host_.device = Device::cpu();
}

HostWrite::HostWrite(Tensor target, Stream& stream)
    : target_(target), host_(target), stream_(stream) {
  if (target.device == Device::cpu() || target.empty()) return;
  copy_.emplace(target.bytes(), stream);
  host_.data = copy_->data();
  host_.device = Device::cpu();
}

Tensor HostWrite::send() {
  if (copy_) stream_.queue()->copy(host_.data, target_.data, host_.bytes());
  return target_;
}

void write_now(const void* from, Tensor tensor) {
  if (tensor.empty()) return;
  if (tensor.device.kind == Device::Kind::cpu) {
    std::memcpy(tensor.data, from, static_cast<std::size_t>(tensor.bytes()));
  } else {
    cuda::copy_now(from, tensor.data, tensor.bytes());
  }
}

void read_now(Tensor tensor, void* to) {
  if (tensor.empty()) return;
  if (tensor.device.kind == Device::Kind::cpu) {
    std::memcpy(to, tensor.data, static_cast<std::size_t>(tensor.bytes()));
  } else {
    cuda::copy_now(tensor.data, to, tensor.bytes());
  }
}

Tensor on_device(Tensor tensor, Arena& arena, Stream& stream) {
  if (tensor.device == stream.device() || tensor.empty()) return tensor;
  HostWrite copy(arena.take(tensor.shape, tensor.dtype), stream);
  std::memcpy(copy.tensor().data, tensor.data, static_cast<std::size_t>(tensor.bytes()));
  return copy.send();
}

}  // namespace switchyard
