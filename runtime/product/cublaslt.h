// Handles of cuBLASLt, one class for each kind, and a product as the library sees it. For .cu
// files.
#pragma once

#include "runtime/device/cuda_check.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// The types of operands and sums, and the type in which the library adds.
struct ProductTypes {
  cublasComputeType_t compute;
  cudaDataType_t operand, sum;
};

// A row-major matrix whose rows begin `stride` elements apart.
struct Stored {
  std::int64_t rows, cols, stride;
};

struct ProductDescription {
  cublasLtMatmulDesc_t handle = nullptr;
  ProductDescription(const ProductTypes& types, Op first, Op second) {
    check(cublasLtMatmulDescCreate(&handle, types.compute, types.sum));
    set(CUBLASLT_MATMUL_DESC_TRANSA, first);
    set(CUBLASLT_MATMUL_DESC_TRANSB, second);
  }
  ~ProductDescription() { cublasLtMatmulDescDestroy(handle); }
  ProductDescription(const ProductDescription&) = delete;
  ProductDescription& operator=(const ProductDescription&) = delete;

 private:
  void set(cublasLtMatmulDescAttributes_t attribute, Op op) {
    const cublasOperation_t value = op == Op::plain ? CUBLAS_OP_N : CUBLAS_OP_T;
    check(cublasLtMatmulDescSetAttribute(handle, attribute, &value, sizeof value));
  }
};

struct MatrixLayout {
  cublasLtMatrixLayout_t handle = nullptr;
  // The library sees a row-major [rows, cols] as a column-major [cols, rows].
  MatrixLayout(cudaDataType_t type, const Stored& matrix) {
    check(cublasLtMatrixLayoutCreate(&handle, type, static_cast<std::uint64_t>(matrix.cols),
                                     static_cast<std::uint64_t>(matrix.rows), matrix.stride));
  }
  ~MatrixLayout() { cublasLtMatrixLayoutDestroy(handle); }
  MatrixLayout(const MatrixLayout&) = delete;
  MatrixLayout& operator=(const MatrixLayout&) = delete;
};

struct MatmulPreference {
  cublasLtMatmulPreference_t handle = nullptr;
  MatmulPreference() { check(cublasLtMatmulPreferenceCreate(&handle)); }
  ~MatmulPreference() { cublasLtMatmulPreferenceDestroy(handle); }
  MatmulPreference(const MatmulPreference&) = delete;
  MatmulPreference& operator=(const MatmulPreference&) = delete;

  template <class T>
  void set(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
    check(cublasLtMatmulPreferenceSetAttribute(handle, attribute, &value, sizeof value));
  }
};

// out (=, +=) op(a) op(b). With rows and columns exchanged, b is the library's first operand.
struct LibraryProduct {
  ProductDescription description;
  MatrixLayout first, second, out;

  LibraryProduct(const ProductTypes& types, Op op_a, const Stored& a, Op op_b, const Stored& b,
                 const Stored& result)
      : description(types, op_b, op_a),
        first(types.operand, b),
        second(types.operand, a),
        out(types.sum, result) {}
};

}  // namespace switchyard
