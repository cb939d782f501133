// Our own matrix product, for processors on which the library does not repeat its bits. Every
// element is one sum of fused multiply-adds over k in ascending order, so its bits are the same on
// any processor.
#pragma once

#include "runtime/matmul_library.h"

namespace switchyard {

// out (= or +=) op(a) op(b), all f32. out is dense.
void fallback_matmul(const MatmulShape& shape, Write write, Operand a, Operand b, float* out);

}  // namespace switchyard
