// The twin of runtime/device/shared_memory.h for kernels that run on the host.
#pragma once

#include <cuda_runtime.h>

namespace switchyard {

template <class T>
T* shared_memory() {
  return static_cast<T*>(cuda_host::shared_memory());
}

}  // namespace switchyard
