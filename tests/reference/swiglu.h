// SwiGLU, in double.
#pragma once

#include <cmath>
#include <vector>

namespace switchyard::reference {

inline std::vector<double> swiglu(const std::vector<double>& gate, const std::vector<double>& up) {
  std::vector<double> out;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    out.push_back(gate[i] / (1.0 + std::exp(-gate[i])) * up[i]);
  }
  return out;
}

}  // namespace switchyard::reference
