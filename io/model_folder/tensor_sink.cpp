#include "io/model_folder/tensor_sink.h"

#include <algorithm>

#include "io/model_folder/stored_values.h"
#include "runtime/narrow.h"

namespace switchyard {

void TensorSink::append(std::size_t tensor, std::span<const float> values) {
  const DType type = dtype(tensor);
  if (type == DType::f32) return append_bytes(tensor, std::as_bytes(values));
  if (type != DType::bf16) {
    stored_.clear();
    append_stored(values, type, stored_);
    return append_bytes(tensor, stored_);
  }
  rounded_.resize(std::max(rounded_.size(), values.size()));
  const std::span rounded = std::span(rounded_).first(values.size());
  narrow_to_bf16(values, rounded);
  append_bytes(tensor, std::as_bytes(rounded));
}

}  // namespace switchyard
