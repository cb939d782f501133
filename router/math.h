// What happens to one row of a gate, on host and device alike.
#pragma once

#include <cstdint>

#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {

// The k largest of `values`, best first; ties go to the lower index. Returns false, leaving
// `chosen` unset, for a NaN.
SWITCHYARD_HD inline bool top_k_row(const float* values, std::int64_t count, std::int64_t k,
                                    std::int32_t* chosen) {
  for (std::int64_t found = 0; found < k; ++found) {
    std::int64_t best = -1;
    for (std::int64_t i = 0; i < count; ++i) {
      if (values[i] != values[i]) return false;
      const bool better = best < 0 || values[i] > values[best];
      if (!better) continue;
      bool taken = false;
      for (std::int64_t c = 0; c < found; ++c) taken |= chosen[c] == i;
      if (!taken) best = i;
    }
    chosen[found] = static_cast<std::int32_t>(best);
  }
  return true;
}

// softmax of the k chosen logits, which are sorted best first.
SWITCHYARD_HD inline void softmax_chosen(const float* logits, const std::int32_t* chosen,
                                         std::int64_t k, float* weight) {
  float sum = 0.0F;
  for (std::int64_t c = 0; c < k; ++c) {
    weight[c] = exp_f32(logits[chosen[c]] - logits[chosen[0]]);
    sum += weight[c];
  }
  for (std::int64_t c = 0; c < k; ++c) weight[c] /= sum;
}

}  // namespace switchyard
