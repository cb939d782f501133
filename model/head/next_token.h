// What is asked of a model about single tokens, and its answer.
#pragma once

#include <cstdint>

namespace switchyard {

// A row of a batch, and a token that may follow it.
struct NextToken {
  std::int32_t row = 0, token = 0;
};
// What the model says of it: -log of its probability in nats, the likeliest token (-1 if a logit is
// NaN) with its probability, the entropy of the distribution in nats, and the log of the sum of
// e^logit.
struct NextTokenScore {
  float loss = 0.0F;
  std::int32_t best = -1;
  float best_probability = 0.0F, entropy = 0.0F, log_sum = 0.0F;
  bool operator==(const NextTokenScore&) const = default;
};

}  // namespace switchyard
