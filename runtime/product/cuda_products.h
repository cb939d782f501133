// The matrix products of the CUDA backend, in terms that name no CUDA type (runtime/device/cuda.h).
#pragma once

#include <span>

#include "runtime/product/grouped_matmul.h"
#include "runtime/product/matmul.h"

namespace switchyard::cuda {

// b: f32, or bf16 already, for a product in bf16 whose b has rows of whole operand_elements.
void multiply(const MatmulShape& shape, Write write, Tensor a, Tensor b, Tensor out,
              Stream& stream);
// runtime/product/grouped_matmul.h; products_go_together() holds, and matrices in bf16 say that the
// products are. a is f32. Precision: f32 or bf16.
void multiply_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                     Stream& stream);
void add_gradient_groups(Tensor a, Tensor b, const GradientSums& sums, Precision precision,
                         Stream& stream);
// The same size.
void round_to_bf16(Tensor in, Tensor out, Stream& stream);

}  // namespace switchyard::cuda
