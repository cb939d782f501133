// The CUDA kernels of this room, or, in a program linked without them, an Error (no_cuda.cpp).
#pragma once

#include "experts/ops.h"

namespace switchyard {

ExpertOps& cuda_expert_ops();

}  // namespace switchyard
