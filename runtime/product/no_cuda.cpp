// Linked where the CUDA backend is not.
#include "runtime/device/no_cuda.h"
#include "runtime/product/cuda_product_ops.h"

namespace switchyard {

ProductOps& cuda_product_ops() { fail_without_cuda(); }

}  // namespace switchyard
