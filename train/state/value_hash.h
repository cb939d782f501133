// A hash of bits.
#pragma once

#include <cstdint>

#include "runtime/params/params.h"

namespace switchyard {

// The hash of some of the values or gradients of `params`, which lends its scratch memory. Two
// tensors of one shape that differ in one element never have the same. The tensor is f32 or i64, on
// the stream's device; every kind of device gives the same hash. Waits for the stream.
std::int64_t value_hash(const Params& params, Tensor values, Stream& stream);

}  // namespace switchyard
