// Linked where the CUDA backend is not.
#include "runtime/comm/nccl_comm.h"
#include "runtime/device/no_cuda.h"

namespace switchyard::cuda {

std::unique_ptr<Comm> make_nccl_comm(std::unique_ptr<Comm>, Device) { fail_without_cuda(); }

}  // namespace switchyard::cuda
