#include "model/past.h"

namespace switchyard {

Past::Past(const ModelConfig& config, std::int64_t num_texts, std::int64_t capacity)
    : capacity_(capacity), length_({num_texts}, DType::i32) {
  const Shape shape{num_texts, capacity, config.num_kv_heads, config.head_dim};
  for (int layer = 0; layer < config.num_layers; ++layer) {
    layers_.push_back({Buffer(shape, DType::f32), Buffer(shape, DType::f32)});
  }
}

void Past::set_length(std::int64_t text, std::int64_t length) {
  require(text >= 0 && text < num_texts() && length >= 0 && length <= capacity_,
          "text {} of {} with {} tokens; there is room for {}", text, num_texts(), length,
          capacity_);
  length_.tensor().as<std::int32_t>()[text] = static_cast<std::int32_t>(length);
}

}  // namespace switchyard
