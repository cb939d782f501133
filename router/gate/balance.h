// What keeps experts in balance: a loss on the mean probability of each expert, and a bias on their
// choice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "router/config.h"

namespace switchyard {

// The balance loss c E sum_e f_e P_e (Switch Transformer, arXiv:2101.03961), the mean over runs of
// tokens: f_e the share of choices that are e, P_e the mean probability. DeepSeek-V3's
// sequence-wise loss (arXiv:2412.19437) is this with a sequence as the run.
struct Balance {
  double loss = 0.0;
  std::vector<float> slope;  // [runs, E]: the loss by the probability of one token of the run
};
// counts: choices per expert, [runs, E] or [E] for all runs; zeros count as equal shares. sums:
// [runs, E], probabilities summed over the run's tokens.
Balance balance_loss(double coefficient, std::span<const std::int64_t> counts,
                     std::span<const double> sums, std::int64_t num_experts,
                     std::int64_t run_tokens);

// One step of loss-free balancing by the counts of a step, [E]:
//   sign (arXiv:2408.15664): bias_e += rate * sign(mean count - count_e), taken in integers, so
//   that
//     a tie gives 0;
//   centered_sign (torchtitan): the same, less the mean of these steps, so that biases do not
//   drift; proportional (a variant in the paper): bias_e += rate * (1 - count_e / mean count).
// Requires: update is one of these.
void update_bias(BiasUpdate update, std::span<const std::int64_t> counts, float rate,
                 std::span<float> bias);

}  // namespace switchyard
