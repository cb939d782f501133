// The shared memory of a block, as long as its launch says. Its twin in tests/cuda_host serves
// kernels that run on the host.
#pragma once

namespace switchyard {

template <class T>
__device__ __forceinline__ T* shared_memory() {
  extern __shared__ __align__(16) unsigned char bytes[];
  return reinterpret_cast<T*>(bytes);
}

}  // namespace switchyard
