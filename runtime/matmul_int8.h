// Matrix products of f32 operands rounded to int8 (runtime/precision.h).
#pragma once

#include "runtime/matmul.h"

namespace switchyard {

// out (= or +=) op(a) op(b), for dense operands and any m, n, k > 0. The sums are exact, so the
// bits are the same on every processor and at any thread count. Errors: Exit::usage for k above
// int8_terms.
void multiply_int8(const MatmulShape& shape, Write write, const float* a, const float* b,
                   float* out, Stream& stream);

}  // namespace switchyard
