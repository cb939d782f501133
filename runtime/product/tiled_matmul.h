// Matrix products on a CPU in f32 and bf16, cut into tiles for the library and for threads.
#pragma once

#include "runtime/product/matmul.h"

namespace switchyard {

// out (= or +=) a op(b) and out (= or +=) a^T b, as matmul() promises them, for any m, n, k > 0.
void multiply_rows(const MatmulShape& shape, Write write, const float* a, const float* b,
                   float* out, Stream& stream);
void multiply_gradient(const MatmulShape& shape, Write write, const float* a, const float* b,
                       float* out, Stream& stream);

void round_to_bf16(const float* from, std::int64_t count, std::uint16_t* to);

}  // namespace switchyard
