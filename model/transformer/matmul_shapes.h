// The matrix products of a step, for the start-up self-test of exact mode.
#pragma once

#include <vector>

#include "runtime/params/params.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// Returns every product with a parameter, each in all tile sizes: the forward pass, and the
// backward pass where the parameters are trained.
std::vector<MatmulShape> matmul_shapes(const Params& params);

}  // namespace switchyard
