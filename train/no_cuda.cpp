// Linked where the CUDA backend is not. Only a Device made by hand leads here: Device::cuda fails
// first.
#include "train/cuda_ops.h"

namespace switchyard {

TrainOps& cuda_train_ops() {
  fail(Exit::usage, "this build has no CUDA kernels for the optimizer; set run.device to \"cpu\"");
}

}  // namespace switchyard
