// Finding GPUs. Linked in place of no_cuda.cpp when the CUDA backend is built.
#include <cuda_runtime.h>

#include "runtime/tensor.h"

namespace switchyard {

Device Device::cuda(int index) {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  require(result == cudaSuccess, Exit::usage,
          "run.device = \"cuda\": GPU {} was asked for, but the CUDA runtime says: {}; set "
          "run.device = \"cpu\"",
          index, cudaGetErrorString(result));
  require(index >= 0 && index < count, Exit::usage,
          "run.device = \"cuda\": GPU {} was asked for, but this machine has {}; set run.device = "
          "\"cpu\" or use fewer "
          "ranks on this node",
          index, count);
  return {Kind::cuda, index};
}

}  // namespace switchyard
