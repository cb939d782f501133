#include "model/transformer/accounting.h"

#include <cmath>

namespace switchyard {

void add_loss(const FixedPoint& format, double loss, std::int64_t& sum, StepSums& sums) {
  if (std::abs(loss) < format.limit) {
    sum += format.fixed(loss);
  } else {
    ++sums.broken();
  }
}

void add_choices(const Routing& routing, std::size_t moe_layer, StepSums& sums) {
  const std::span<std::int64_t> counts = sums.expert_counts(moe_layer);
  for (std::size_t e = 0; e < counts.size(); ++e) {
    counts[e] += routing.wanted[e];
    sums.dropped()[moe_layer] += routing.wanted[e] - routing.counts[e];
  }
  const std::span<std::int64_t> biases = sums.required_biases(moe_layer);
  for (std::size_t i = 0; i < routing.required_biases.size(); ++i)
    biases[i] += routing.required_biases[i];
}

}  // namespace switchyard
