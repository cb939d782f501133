// Linked where the CUDA backend is not. Nothing gets here but by a Device made by hand:
// Device::cuda fails first.
#include "router/cuda_ops.h"

namespace switchyard {

RouterOps& cuda_router_ops() {
  fail(Exit::usage, "this build has no CUDA kernels for routing; set run.device to \"cpu\"");
}

}  // namespace switchyard
