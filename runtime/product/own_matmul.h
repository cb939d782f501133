// Our own matrix product. It serves where the library is slow (small matrices with few rows, and
// sums of few terms) and on processors on which the library does not repeat its bits. Blocks and
// panels follow Goto and van de Geijn 2008 (doi:10.1145/1356052.1356053). Every element is one sum
// of fused multiply-adds over k in ascending order, so that its bits are the same on any processor
// and beside any other rows.
#pragma once

#include "runtime/product/matmul.h"
#include "runtime/product/operand.h"

namespace switchyard {

// out (= or +=) op(a) op(b), all f32, for any m, n, k > 0, on the calling thread. out is dense.
void own_matmul(const MatmulShape& shape, Write write, Operand a, Operand b, float* out);

}  // namespace switchyard
