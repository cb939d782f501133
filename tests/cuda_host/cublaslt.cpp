// cuBLASLt's matrix product: sums in ascending order, column-major as the library's.
#include <cublasLt.h>

#include <bit>
#include <vector>

#include "tests/cuda_host/device.h"

namespace cuda_host {
namespace {

// The operand's elements with those of one k side by side: [inner, outer]. Sum: what they are added
// in, which holds each of them.
template <class Sum, class Element, class Convert>
std::vector<Sum> packed_as(const Element* data, const Matrix& matrix, bool inner_is_rows,
                           Convert convert) {
  const std::int64_t inner = inner_is_rows ? matrix.rows : matrix.cols;
  const std::int64_t outer = inner_is_rows ? matrix.cols : matrix.rows;
  std::vector<Sum> result;
  result.reserve(static_cast<std::size_t>(inner * outer));
  for (std::int64_t k = 0; k < inner; ++k)
    for (std::int64_t i = 0; i < outer; ++i)
      result.push_back(
          convert(inner_is_rows ? data[k + i * matrix.stride] : data[i + k * matrix.stride]));
  return result;
}

template <class Sum>
std::vector<Sum> packed(const void* memory, const Matrix& matrix, bool inner_is_rows) {
  const auto as = [&]<class Element>(const Element*, auto convert) {
    return packed_as<Sum>(static_cast<const Element*>(memory), matrix, inner_is_rows, convert);
  };
  if (matrix.type == CUDA_R_16BF) {
    return as(static_cast<const std::uint16_t*>(nullptr), [](std::uint16_t bits) {
      return static_cast<Sum>(std::bit_cast<float>(std::uint32_t{bits} << 16));
    });
  }
  const auto plain = [](auto value) { return static_cast<Sum>(value); };
  if (matrix.type == CUDA_R_8I) return as(static_cast<const std::int8_t*>(nullptr), plain);
  return as(static_cast<const float*>(nullptr), plain);
}

// d = a b + keep d, with a: [inner, rows] and b: [inner, cols] as packed.
template <class Sum>
void multiply(const std::vector<Sum>& a, const std::vector<Sum>& b, std::int64_t inner, Sum keep,
              const Matrix& out, Sum* d) {
  std::vector<Sum> column(static_cast<std::size_t>(out.rows));
  for (std::int64_t col = 0; col < out.cols; ++col) {
    std::fill(column.begin(), column.end(), Sum{0});
    for (std::int64_t k = 0; k < inner; ++k) {
      const Sum factor = b[static_cast<std::size_t>(k * out.cols + col)];
      const Sum* from = a.data() + k * out.rows;
      for (std::int64_t row = 0; row < out.rows; ++row)
        column[static_cast<std::size_t>(row)] += from[row] * factor;
    }
    Sum* to = d + col * out.stride;
    for (std::int64_t row = 0; row < out.rows; ++row) {
      const Sum sum = column[static_cast<std::size_t>(row)];
      to[row] = keep == Sum{0} ? sum : sum + keep * to[row];
    }
  }
}

// As the library's table of supported types, and what it says of int8 on tensor cores: both
// operands along k, in pieces of 16 bytes.
bool supported(const Product& product, const Matrix& a, const Matrix& b, const Matrix& d) {
  if (a.type != b.type) return false;
  if (a.type == CUDA_R_8I) {
    return product.compute == CUBLAS_COMPUTE_32I && d.type == CUDA_R_32I && product.transposed[0] &&
           !product.transposed[1] && a.rows % 4 == 0 && a.cols % 4 == 0 && a.stride % 16 == 0 &&
           b.stride % 16 == 0 && d.stride % 4 == 0;
  }
  return product.compute != CUBLAS_COMPUTE_32I && d.type == CUDA_R_32F &&
         (a.type == CUDA_R_32F ||
          (a.type == CUDA_R_16BF && a.stride % 8 == 0 && b.stride % 8 == 0));
}

// What an algorithm is: its number, and the alignment in bytes that it was asked for. As the
// library does, it may only be used with sizes that it takes, within its workspace. The first two
// are the best for some rows and do not take others; who asks for one algorithm gets the first.
constexpr std::uint64_t needs_many_rows = 1, needs_workspace_for_many_rows = 2, takes_all = 3;
constexpr std::int64_t few_rows = 64, many_rows = 4096;
cublasLtMatmulAlgo_t algorithm_of(std::uint64_t number, const Wish& wish) {
  return {{number, wish.alignment[0], wish.alignment[1], wish.alignment[2], wish.alignment[3], 0, 0,
           0}};
}

// A row-major product's rows: the columns of `b` and `d`, or what a gradient sums over.
std::int64_t rows_of(const Matrix& b) { return b.cols; }

bool takes(const cublasLtMatmulAlgo_t& algorithm, const Matrix& b) {
  return algorithm.data[0] != needs_many_rows || rows_of(b) > few_rows;
}
std::size_t workspace_of(const cublasLtMatmulAlgo_t& algorithm, const Matrix& b) {
  const bool much = algorithm.data[0] == needs_workspace_for_many_rows && rows_of(b) > many_rows;
  return much ? std::size_t{1} << 40 : 0;
}

bool is_aligned(const void* memory, std::uint64_t bytes) {
  return bytes > 0 && reinterpret_cast<std::uintptr_t>(memory) % bytes == 0;
}

template <class Sum>
void enqueue_product(cudaStream_t stream, const Product& what, const void* a, const Matrix& left,
                     const void* b, const Matrix& right, const void* beta, void* d,
                     const Matrix& out) {
  ++calls.launches;
  const std::int64_t inner = what.transposed[0] ? left.rows : left.cols;
  const Sum keep = *static_cast<const Sum*>(beta);
  enqueue(stream, [=] {
    multiply<Sum>(packed<Sum>(a, left, what.transposed[0]),
                  packed<Sum>(b, right, !what.transposed[1]), inner, keep, out,
                  static_cast<Sum*>(d));
  });
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
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* product, cublasComputeType_t compute,
                                        cudaDataType_t) {
  *product = new Product{compute, {}};
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
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* matrix, cudaDataType_t type,
                                          std::uint64_t rows, std::uint64_t cols,
                                          std::int64_t stride) {
  *matrix =
      new Matrix{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols), stride};
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
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t) {
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
    preference->workspace = *static_cast<const std::uint64_t*>(value);
  if (attribute >= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES)
    preference->alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES] =
        *static_cast<const std::uint32_t*>(value);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t* results,
                                              int* found) {
  *found = 0;
  for (const std::uint64_t number : {needs_many_rows, needs_workspace_for_many_rows, takes_all}) {
    const cublasLtMatmulAlgo_t algorithm = algorithm_of(number, *preference);
    if (*found == wanted || !takes(algorithm, *b)) continue;
    if (workspace_of(algorithm, *b) > preference->workspace) continue;
    results[(*found)++] = {algorithm, workspace_of(algorithm, *b)};
  }
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  if (!takes(*algorithm, *b)) return CUBLAS_STATUS_NOT_SUPPORTED;
  *result = {*algorithm, workspace_of(*algorithm, *b)};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t layout_a, const void* b,
                              cublasLtMatrixLayout_t layout_b, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t layout_d,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              std::size_t workspace_bytes, cudaStream_t stream) {
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
  if (!supported(what, left, right, out) || !takes(*algorithm, right))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  if (workspace_of(*algorithm, right) > workspace_bytes) return CUBLAS_STATUS_INVALID_VALUE;
  const void* operands[] = {a, b, c, d};
  for (std::size_t i = 0; i < 4; ++i)
    if (!is_aligned(operands[i], algorithm->data[1 + i])) return CUBLAS_STATUS_INVALID_VALUE;
  if (out.type == CUDA_R_32I) {
    if (*static_cast<const std::int32_t*>(alpha) != 1) return CUBLAS_STATUS_INVALID_VALUE;
    enqueue_product<std::int32_t>(stream, what, a, left, b, right, beta, d, out);
  } else {
    if (*static_cast<const float*>(alpha) != 1.0F) return CUBLAS_STATUS_INVALID_VALUE;
    enqueue_product<float>(stream, what, a, left, b, right, beta, d, out);
  }
  return CUBLAS_STATUS_SUCCESS;
}
