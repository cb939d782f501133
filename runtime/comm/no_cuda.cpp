// Linked where the CUDA backend is not.
#include "runtime/device/no_cuda.h"
#include "runtime/comm/nccl_comm.h"

namespace switchyard::cuda {

std::unique_ptr<Comm> make_nccl_comm(std::unique_ptr<Comm>, Device) { fail_without_cuda(); }

}  // namespace switchyard::cuda
