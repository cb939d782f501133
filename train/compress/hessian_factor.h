// HessianFactor: what GPTQ and SparseGPT need of X^T X.
#pragma once

#include <cstdint>
#include <vector>

namespace switchyard {

struct HessianFactor {
  std::int64_t size = 0;
  std::vector<double> upper;  // [size, size], row-major: U with U^T U = (X^T X + damping)^-1
  std::vector<bool> dead;     // inputs that were always 0

  const double* row(std::int64_t i) const { return upper.data() + i * size; }
};

// products: X^T X [size, size]. Inputs that were always 0 get 1 on the diagonal, then damping times
// the mean of the diagonal is added to it (Frantar et al., arXiv:2210.17323). All in f64: same bits
// on any processor. Time: size^3. Errors: Exit::numerical if the matrix is not positive definite.
HessianFactor hessian_factor(std::vector<double> products, std::int64_t size, double damping);

// That of X^T X = I, without damping: each weight by itself.
HessianFactor no_hessian(std::int64_t size);

}  // namespace switchyard
