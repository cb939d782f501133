// RMSNorm, in double. x: [rows, weight.size()].
#pragma once

#include <cmath>
#include <vector>

namespace switchyard::reference {

inline std::vector<double> rms_norm(const std::vector<double>& x, const std::vector<double>& weight,
                                    double epsilon) {
  const std::size_t n = weight.size();
  std::vector<double> out(x.size());
  for (std::size_t r = 0; r < x.size() / n; ++r) {
    double squares = 0.0;
    for (std::size_t i = 0; i < n; ++i) squares += x[r * n + i] * x[r * n + i];
    const double root = std::sqrt(squares / static_cast<double>(n) + epsilon);
    for (std::size_t i = 0; i < n; ++i) out[r * n + i] = x[r * n + i] / root * weight[i];
  }
  return out;
}

}  // namespace switchyard::reference
