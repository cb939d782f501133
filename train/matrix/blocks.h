// Element-wise loops over matrices on the host.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/device/stream.h"
#include "runtime/params/ownership.h"

namespace switchyard {

// Calls body(i) for each element, in pieces on the stream's threads.
template <class Body>
void for_elements(std::int64_t count, Stream& stream, Body body) {
  parallel_for(stream, (count + param_block - 1) / param_block, [&](std::int64_t block) {
    const std::int64_t end = std::min(count, (block + 1) * param_block);
#pragma GCC ivdep
    for (std::int64_t i = block * param_block; i < end; ++i) body(i);
  });
}

// What a step takes from a matrix W: rate (scale D + weight_decay W), with the direction D.
struct MatrixRates {
  float rate = 0.0F, scale = 1.0F, weight_decay = 0.0F;
};

inline void apply(const MatrixRates& rates, const float* direction, float* values,
                  std::int64_t count, Stream& stream) {
  for_elements(count, stream, [=](std::int64_t i) {
    values[i] -= rates.rate * (rates.scale * direction[i] + rates.weight_decay * values[i]);
  });
}

}  // namespace switchyard
