#include "model/attention/past.h"

#include <algorithm>

#include "runtime/device/host_access.h"

namespace switchyard {

Past::Past(const ModelConfig& config, std::int64_t num_texts, std::int64_t capacity, Device device)
    : capacity_(capacity), length_({num_texts}, DType::i32), sent_length_(length_) {
  if (device != Device::cpu()) {
    on_device_ = Buffer({num_texts}, DType::i32, device);
    sent_length_ = on_device_;
  }
  const Shape shape{num_texts, capacity, config.num_kv_heads, config.head_dim};
  for (int layer = 0; layer < config.num_layers; ++layer) {
    layers_.push_back({Buffer(shape, DType::f32, device), Buffer(shape, DType::f32, device)});
  }
}

void Past::set_length(std::int64_t text, std::int64_t length) {
  require(text >= 0 && text < num_texts() && length >= 0 && length <= capacity_,
          "text {} of {} with {} tokens; there is room for {}", text, num_texts(), length,
          capacity_);
  length_.tensor().as<std::int32_t>()[text] = static_cast<std::int32_t>(length);
}

void Past::send_lengths(Stream& stream) {
  HostWrite sent(sent_length_, stream);
  for (std::int64_t text = 0; text < num_texts(); ++text) {
    require(length(text) < capacity_, "text {} holds {} tokens and has room for {}", text,
            length(text), capacity_);
    sent.as<std::int32_t>()[text] = static_cast<std::int32_t>(length(text));
  }
  sent.send();
}

}  // namespace switchyard
