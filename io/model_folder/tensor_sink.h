// TensorSink: where the tensors of a model go that is being made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/tensor.h"

namespace switchyard {

class TensorSink {
 public:
  virtual ~TensorSink() = default;
  // The places, in the list of plans, of the tensors that this rank makes.
  virtual const std::vector<std::size_t>& mine() const = 0;
  // The type of a tensor's elements.
  virtual DType dtype(std::size_t tensor) const = 0;
  // The next bytes of a tensor of mine(), whole elements of its type, from its first to its last.
  virtual void append_bytes(std::size_t tensor, std::span<const std::byte> bytes) = 0;
  // The same of values, rounded once to the tensor's type; of i8 and u8, values are codes. Errors:
  // Exit::internal for another type, and those of append_bytes().
  void append(std::size_t tensor, std::span<const float> values);

 private:
  std::vector<std::uint16_t> rounded_;
  std::vector<std::byte> stored_;
};

}  // namespace switchyard
