#include "router/gate/balance.h"

#include <numeric>

#include "runtime/error.h"

namespace switchyard {

Balance balance_loss(double coefficient, std::span<const std::int64_t> counts,
                     std::span<const double> sums, std::int64_t num_experts,
                     std::int64_t run_tokens) {
  const auto experts = static_cast<std::size_t>(num_experts);
  const std::size_t runs = sums.size() / experts;
  const auto tokens = static_cast<double>(run_tokens);
  require(counts.size() == sums.size() || counts.size() == experts,
          "{} counts for {} runs of {} experts", counts.size(), runs, experts);
  const double scale = coefficient * static_cast<double>(num_experts) / static_cast<double>(runs);
  Balance balance{0.0, std::vector<float>(sums.size())};
  for (std::size_t run = 0; run < runs; ++run) {
    const auto mine = counts.size() == experts ? counts : counts.subspan(run * experts, experts);
    const auto total =
        static_cast<double>(std::accumulate(mine.begin(), mine.end(), std::int64_t{0}));
    for (std::size_t e = 0; e < experts; ++e) {
      const double fraction = total == 0 ? 1.0 / static_cast<double>(num_experts)
                                         : static_cast<double>(mine[e]) / total;
      balance.loss += scale * fraction * sums[run * experts + e] / tokens;
      balance.slope[run * experts + e] = static_cast<float>(scale * fraction / tokens);
    }
  }
  return balance;
}

void update_bias(BiasUpdate update, std::span<const std::int64_t> counts, float rate,
                 std::span<float> bias) {
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  if (total == 0) return;
  const auto sign = [&](std::size_t e) {
    const std::int64_t over = counts[e] * std::ssize(counts) - total;
    return (over < 0) - (over > 0);
  };
  std::int64_t sum = 0;
  for (std::size_t e = 0; e < counts.size(); ++e) sum += sign(e);
  const auto experts = static_cast<double>(counts.size());
  for (std::size_t e = 0; e < counts.size(); ++e) {
    if (update == BiasUpdate::sign) {
      if (sign(e) != 0) bias[e] += sign(e) > 0 ? rate : -rate;
    } else {
      const double step =
          update == BiasUpdate::proportional
              ? 1.0 - static_cast<double>(counts[e]) * experts / static_cast<double>(total)
              : sign(e) - static_cast<double>(sum) / experts;
      bias[e] = static_cast<float>(bias[e] + rate * step);
    }
  }
}

}  // namespace switchyard
