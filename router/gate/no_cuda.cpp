// Linked where the CUDA backend is not. Only a Device made by hand leads here: Device::cuda fails
// first.
#include "router/gate/cuda_gate_ops.h"
#include "runtime/error.h"

namespace switchyard {

GateOps& cuda_gate_ops() {
  fail(Exit::usage, "this build has no CUDA kernels for gates; set run.device to \"cpu\"");
}

}  // namespace switchyard
