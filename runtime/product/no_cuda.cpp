// Linked where the CUDA backend is not.
#include "runtime/device/no_cuda.h"
#include "runtime/product/cuda_products.h"

namespace switchyard::cuda {

void multiply(const MatmulShape&, Write, Tensor, Tensor, Tensor, Stream&) { fail_without_cuda(); }
void multiply_groups(Tensor, Op, std::span<const RowGroup>, Tensor, Write, Stream&) {
  fail_without_cuda();
}
void add_gradient_groups(Tensor, Tensor, const GradientSums&, Precision, Stream&) {
  fail_without_cuda();
}
void round_to_bf16(Tensor, Tensor, Stream&) { fail_without_cuda(); }

}  // namespace switchyard::cuda
