// Matrix products of f32 operands rounded to int8 (runtime/product/precision.h).
#pragma once

#include "runtime/product/int8_codes.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// out (= or +=) op(a) op(b), for dense operands and any m, n, k > 0. The sums are exact, so the
// bits are the same on every processor and at any thread count. Errors: Exit::usage for k above
// int8_terms.
void multiply_int8(const MatmulShape& shape, Write write, const float* a, const float* b,
                   float* out, Stream& stream);

// The lines of codes that the operands become: rows of op(a), columns of op(b).
OperandLines lines_of_rows(const MatmulShape& shape, const float* a);
OperandLines lines_of_columns(const MatmulShape& shape, const float* b);
// Errors: Exit::usage for k above int8_terms.
void check_int8_terms(const MatmulShape& shape);

}  // namespace switchyard
