// The communicator of the CUDA backend, in terms that name no CUDA type (runtime/device/cuda.h).
#pragma once

#include <memory>

#include "runtime/comm/comm.h"
#include "runtime/tensor.h"

namespace switchyard::cuda {

// Collective over `control`, whose ranks each have a GPU. Device tensors travel by NCCL, host
// tensors by `control`.
std::unique_ptr<Comm> make_nccl_comm(std::unique_ptr<Comm> control, Device device);

}  // namespace switchyard::cuda
