// The matrix products of a step, for the start-up self-test of exact mode.
#pragma once

#include <vector>

#include "runtime/params/params.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// Every product with a parameter, each in all tile sizes: forward, and backward where the
// parameters are trained.
std::vector<MatmulShape> matmul_shapes(const Params& params);

}  // namespace switchyard
