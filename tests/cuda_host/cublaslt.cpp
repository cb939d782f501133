// cuBLASLt's matrix product: sums in ascending order, column-major as the library's.
#include <cublasLt.h>

#include <vector>

#include "tests/cuda_host/device.h"

namespace cuda_host {
namespace {

// The operand's elements with those of one k side by side: [inner, outer].
std::vector<float> packed(const void* memory, const Matrix& matrix, bool inner_is_rows) {
  const auto* data = static_cast<const float*>(memory);
  const std::int64_t inner = inner_is_rows ? matrix.rows : matrix.cols;
  const std::int64_t outer = inner_is_rows ? matrix.cols : matrix.rows;
  std::vector<float> result;
  result.reserve(static_cast<std::size_t>(inner * outer));
  for (std::int64_t k = 0; k < inner; ++k)
    for (std::int64_t i = 0; i < outer; ++i)
      result.push_back(inner_is_rows ? data[k + i * matrix.stride] : data[i + k * matrix.stride]);
  return result;
}

// d = a b + keep d, with a: [inner, rows] and b: [inner, cols] as packed.
void multiply(const std::vector<float>& a, const std::vector<float>& b, std::int64_t inner,
              float keep, const Matrix& out, float* d) {
  std::vector<float> column(static_cast<std::size_t>(out.rows));
  for (std::int64_t col = 0; col < out.cols; ++col) {
    std::fill(column.begin(), column.end(), 0.0F);
    for (std::int64_t k = 0; k < inner; ++k) {
      const float factor = b[static_cast<std::size_t>(k * out.cols + col)];
      const float* from = a.data() + k * out.rows;
      for (std::int64_t row = 0; row < out.rows; ++row)
        column[static_cast<std::size_t>(row)] += from[row] * factor;
    }
    float* to = d + col * out.stride;
    for (std::int64_t row = 0; row < out.rows; ++row) {
      const float sum = column[static_cast<std::size_t>(row)];
      to[row] = keep == 0.0F ? sum : sum + keep * to[row];
    }
  }
}

}  // namespace
}  // namespace cuda_host

using namespace cuda_host;

const char* cublasLtGetStatusString(cublasStatus_t) { return "invalid value"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = new Blas;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* product, cublasComputeType_t,
                                        cudaDataType_t) {
  *product = new Product;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) {
  delete product;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, std::size_t) {
  product->transposed[attribute == CUBLASLT_MATMUL_DESC_TRANSB] =
      *static_cast<const cublasOperation_t*>(value) == CUBLAS_OP_T;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* matrix, cudaDataType_t,
                                          std::uint64_t rows, std::uint64_t cols,
                                          std::int64_t stride) {
  *matrix = new Matrix{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols), stride};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t matrix) {
  delete matrix;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new Wish;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                    cublasLtMatmulPreferenceAttributes_t,
                                                    const void*, std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t, int,
                                              cublasLtMatmulHeuristicResult_t*, int* found) {
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t layout_a, const void* b,
                              cublasLtMatrixLayout_t layout_b, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t layout_d,
                              const cublasLtMatmulAlgo_t*, void* workspace, std::size_t,
                              cudaStream_t stream) {
  for (const void* memory :
       {a, b, c, static_cast<const void*>(d), static_cast<const void*>(workspace)})
    check_argument(memory);
  const Product what = *product;
  const Matrix left = *layout_a, right = *layout_b, out = *layout_d;
  const std::int64_t inner = what.transposed[0] ? left.rows : left.cols;
  const std::int64_t rows = what.transposed[0] ? left.cols : left.rows;
  const std::int64_t cols = what.transposed[1] ? right.rows : right.cols;
  const std::int64_t inner_too = what.transposed[1] ? right.cols : right.rows;
  if (rows != out.rows || cols != out.cols || inner != inner_too || c != d)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (*static_cast<const float*>(alpha) != 1.0F) return CUBLAS_STATUS_INVALID_VALUE;
  const float keep = *static_cast<const float*>(beta);
  enqueue(stream, [=] {
    multiply(packed(a, left, what.transposed[0]), packed(b, right, !what.transposed[1]), inner,
             keep, out, static_cast<float*>(d));
  });
  return CUBLAS_STATUS_SUCCESS;
}
