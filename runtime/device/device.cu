// Finds GPUs (runtime/tensor.h, runtime/device/cuda.h).
#include <cuda_runtime.h>

#include "runtime/device/cuda.h"
#include "runtime/device/cuda_check.h"
#include "runtime/tensor.h"

namespace switchyard {

int Device::num_cuda() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

Device Device::cuda(int index) {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  require(result == cudaSuccess, Exit::usage,
          "run.device = \"cuda\": GPU {} was asked for, but the CUDA runtime says: {}; set "
          "run.device = \"cpu\"",
          index, cudaGetErrorString(result));
  require(index >= 0 && index < count, Exit::usage,
          "run.device = \"cuda\": GPU {} was asked for, but this machine has {}; set run.device = "
          "\"cpu\" or use fewer ranks on this node",
          index, count);
  return {Kind::cuda, index};
}

bool cuda::is_built_in() { return true; }

std::string cuda::pci_address(Device device) {
  char address[32] = {};
  check(cudaDeviceGetPCIBusId(address, sizeof address, device.index));
  return address;
}

}  // namespace switchyard
