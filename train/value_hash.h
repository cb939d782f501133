// A hash of a tensor's bits.
#pragma once

#include <cstdint>

#include "runtime/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// Waits. Never the same for two tensors of one shape that differ in one element. f32 or i64, where
// the stream's device has it; every kind of device gives the same.
std::int64_t value_hash(Tensor values, Stream& stream);

}  // namespace switchyard
