// Wanda (Sun et al., arXiv:2306.11695): of each row of a matrix the weights go whose magnitude
// times the norm of their input is least.
#pragma once

#include <span>

#include "train/compress/second_order.h"

namespace switchyard {

// weights: [out, in], squares: [in], the sums of the squares of each input. The floor(sparsity in)
// least of a row go, of equal ones the first; or two of every four.
void wanda(std::span<float> weights, std::span<const double> squares, double sparsity,
           Pattern pattern);

}  // namespace switchyard
