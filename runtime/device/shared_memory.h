// The shared memory of a block, of the size that its launch names. tests/cuda_host has a twin for
// kernels that run on the host.
#pragma once

namespace switchyard {

template <class T>
__device__ __forceinline__ T* shared_memory() {
  extern __shared__ __align__(16) unsigned char bytes[];
  return reinterpret_cast<T*>(bytes);
}

}  // namespace switchyard
