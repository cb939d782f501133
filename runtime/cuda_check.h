// Errors of the CUDA libraries, for .cu files.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <source_location>

#include "runtime/error.h"

namespace switchyard {

inline void check(cudaError_t result,
                  std::source_location where = std::source_location::current()) {
  require(result == cudaSuccess, Exit::internal, "CUDA failed in {}: {}", where.function_name(),
          cudaGetErrorString(result));
}

inline void check(cublasStatus_t result,
                  std::source_location where = std::source_location::current()) {
  require(result == CUBLAS_STATUS_SUCCESS, Exit::internal, "cuBLASLt failed in {}: {}",
          where.function_name(), cublasLtGetStatusString(result));
}

}  // namespace switchyard
