// Linked where the CUDA backend is not. Nothing gets here but by a Device made by hand:
// Device::cuda fails first.
#include "experts/cuda_ops.h"

namespace switchyard {

ExpertOps& cuda_expert_ops() {
  fail(Exit::usage, "this build has no CUDA kernels for experts; set run.device to \"cpu\"");
}

}  // namespace switchyard
