// A hash of bits.
#pragma once

#include <cstdint>

#include "runtime/params/params.h"

namespace switchyard {

// Of some of the values or gradients of `params`, which lends its room. Waits. Never the same for
// two tensors of one shape that differ in one element. f32 or i64, where the stream's device has
// it; every kind of device gives the same.
std::int64_t value_hash(const Params& params, Tensor values, Stream& stream);

}  // namespace switchyard
