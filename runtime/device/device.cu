// Finds GPUs (runtime/tensor.h, runtime/device/cuda.h).
#include <cuda_runtime.h>

#include <cstring>

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

std::int64_t cuda::identity_of(Device device) {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device.index));
  std::int64_t identity = 0;
  static_assert(sizeof properties.uuid == 2 * sizeof identity);
  for (std::size_t half = 0; half < 2; ++half) {
    std::int64_t word;
    std::memcpy(&word, properties.uuid.bytes + half * sizeof word, sizeof word);
    identity ^= word;
  }
  return identity;
}

std::string cuda::pci_address(Device device) {
  char address[32] = {};
  check(cudaDeviceGetPCIBusId(address, sizeof address, device.index));
  return address;
}

}  // namespace switchyard
