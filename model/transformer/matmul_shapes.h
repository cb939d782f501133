// The matrix products of a step, for the start-up self-test of exact mode.
#pragma once

#include <vector>

#include "runtime/params/params.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// Returns every product with a parameter, forward and backward, each in all tile sizes.
std::vector<MatmulShape> matmul_shapes(const Params& params);

}  // namespace switchyard
