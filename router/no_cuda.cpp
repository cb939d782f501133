// Linked where the CUDA backend is not. Only a Device made by hand leads here: Device::cuda fails
// first.
#include "router/cuda_row_ops.h"
#include "runtime/error.h"

namespace switchyard {

RowOps& cuda_row_ops() {
  fail(Exit::usage, "this build has no CUDA kernels for rows; set run.device to \"cpu\"");
}

}  // namespace switchyard
