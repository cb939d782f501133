// Linked instead of the CUDA backend. Only a Device made by hand gets here, because Device::cuda
// fails first.
#include "model/cuda_ops.h"

namespace switchyard {

ModelOps& cuda_model_ops() {
  fail(Exit::usage, "this build has no CUDA kernels for the model; set run.device to \"cpu\"");
}

}  // namespace switchyard
