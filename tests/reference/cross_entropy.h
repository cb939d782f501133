// Cross-entropy of each row of logits, in double; 0 where the target is negative.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace switchyard::reference {

inline std::vector<double> cross_entropy(const std::vector<double>& logits,
                                         const std::vector<std::int32_t>& target) {
  const std::size_t vocabulary = logits.size() / target.size();
  std::vector<double> loss;
  for (std::size_t r = 0; r < target.size(); ++r) {
    const double* row = logits.data() + r * vocabulary;
    double largest = row[0];
    for (std::size_t i = 0; i < vocabulary; ++i) largest = std::fmax(largest, row[i]);
    double sum = 0.0;
    for (std::size_t i = 0; i < vocabulary; ++i) sum += std::exp(row[i] - largest);
    loss.push_back(target[r] < 0 ? 0.0 : std::log(sum) + largest - row[target[r]]);
  }
  return loss;
}

}  // namespace switchyard::reference
