// Quantile balancing: the bias of an expert at which it would have got an even share of the step's
// choices (Kimi K3 technical report, section 2.3.3 and appendix D).
#pragma once

#include <cstdint>
#include <span>

#include "runtime/hd.h"

namespace switchyard {

// A token chooses an expert whose sigmoid + bias reaches its cutoff, the (k+1)-th largest such sum.
// The bias that an expert needs for a token is cutoff - sigmoid; the solved bias is the k/E
// quantile of what it needs over all tokens of a step. Counts in these bins represent the values,
// so that the sum over micro-batches and ranks is one of integers.
struct BiasBins {
  static constexpr std::int64_t count = 1000;
  float low = -1.0F;        // least bias - 1, as a sigmoid is at most 1
  float per_unit = 500.0F;  // bins of a unit; the last ends at the largest bias + 1

  // bias: [E]; every value is finite.
  static BiasBins around(std::span<const float> bias);

  SWITCHYARD_HD std::int32_t bin_of(float required) const {
    const float at = (required - low) * per_unit;
    if (!(at > 0.0F)) return 0;
    return at < static_cast<float>(count) ? static_cast<std::int32_t>(at)
                                          : static_cast<std::int32_t>(count) - 1;
  }
};

// bias: [E], moved by `rate` of the way to the solved biases, whose mean is 0. required: [E, bins],
// what experts needed, in the bins around `bias`; experts without any rest. top_k: k of E.
void approach_quantiles(std::span<const std::int64_t> required, int top_k, float rate,
                        std::span<float> bias);

}  // namespace switchyard
