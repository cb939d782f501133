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

// Whether an event or a stream is done, given the answer to a query. "Not ready" is not an error,
// but the runtime keeps it as the last error until someone reads it, and CUB would mistake it for
// its own.
inline bool is_done(cudaError_t answer,
                    std::source_location where = std::source_location::current()) {
  if (answer == cudaErrorNotReady) {
    cudaGetLastError();
    return false;
  }
  check(answer, where);
  return true;
}

}  // namespace switchyard
