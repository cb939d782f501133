// ProductOps on a GPU.
#pragma once

#include "runtime/product/product_ops.h"

namespace switchyard {

class CudaProductOps final : public ProductOps {
 public:
  // matmul.cu
  void multiply(const MatmulShape& shape, Write write, Tensor a, Tensor b, Tensor out,
                Stream& stream) override;

  // cuda_operands.cu
  bool multiplies_rounded() const override { return true; }
  void round_to_bf16(Tensor in, Tensor out, Stream& stream) override;

  // grouped_matmul.cu
  bool groups_go_together(std::int64_t n, std::int64_t k, Precision precision) const override;
  void multiply_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                       Stream& stream, Precision precision) override;
  void add_gradient_groups(Tensor a, Tensor b, const GradientSums& sums, Stream& stream,
                           Precision precision) override;
};

// grouped_cutlass.cu: whether the stream's grouped products in bf16 are CUTLASS's
// (runtime/cutlass), and these: as multiply_groups, for matrices of bf16 whose sides are multiples
// of 8, and as add_gradient_groups, for sums in f32.
bool multiplies_by_cutlass(const Stream& stream);
void multiply_groups_by_cutlass(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out,
                                Write write, Stream& stream);
void add_gradient_groups_by_cutlass(Tensor a, Tensor b, const GradientSums& sums, Stream& stream);

// The kernels above. Errors: Exit::usage in a program that is linked without them (no_cuda.cpp).
ProductOps& cuda_product_ops();

}  // namespace switchyard
