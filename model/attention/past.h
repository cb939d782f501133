// Past: the keys and values of texts' earlier tokens, layer by layer. With them a new token costs
// only its own work.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"
#include "runtime/device/stream.h"

namespace switchyard {

class Past {
 public:
  // capacity: tokens per text. device: of keys and values.
  Past(const ModelConfig& config, std::int64_t num_texts, std::int64_t capacity,
       Device device = Device::cpu());

  std::int64_t num_texts() const { return length_.tensor().size(); }
  std::int64_t capacity() const { return capacity_; }
  std::int64_t length(std::int64_t text) const { return length_.tensor().as<std::int32_t>()[text]; }
  // The text now ends after `length` tokens: drops what was beyond, or includes what was written.
  void set_length(std::int64_t text, std::int64_t length);

  // Copies the lengths to where the device reads them. Errors: Exit::internal if a text has no room
  // for the one more token that the device's kernels add.
  void send_lengths(Stream& stream);

  // [texts, capacity, kv heads, head_dim].
  Tensor keys(int layer) const { return layers_[static_cast<std::size_t>(layer)].keys; }
  Tensor values(int layer) const { return layers_[static_cast<std::size_t>(layer)].values; }
  Tensor lengths() const { return sent_length_; }  // [texts] i32, as sent

 private:
  struct Layer {
    Buffer keys, values;
  };
  std::int64_t capacity_;
  Buffer length_, on_device_;  // on_device_: if the device is not the host
  Tensor sent_length_;
  std::vector<Layer> layers_;
};

}  // namespace switchyard
