// Rotary positions, in double, with the C library's sines. x: [position.size(), heads, dim].
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace switchyard::reference {

inline std::vector<double> rotate(const std::vector<double>& x,
                                  const std::vector<std::int32_t>& position, std::size_t heads,
                                  std::size_t dim, double base) {
  std::vector<double> out(x.size());
  for (std::size_t t = 0; t < position.size(); ++t) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t at = (t * heads + head) * dim;
      for (std::size_t i = 0; i < dim / 2; ++i) {
        const double frequency =
            std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
        const double angle = position[t] * frequency;
        const double a = x[at + i];
        const double b = x[at + i + dim / 2];
        out[at + i] = a * std::cos(angle) - b * std::sin(angle);
        out[at + i + dim / 2] = b * std::cos(angle) + a * std::sin(angle);
      }
    }
  }
  return out;
}

}  // namespace switchyard::reference
