// The CUDA kernels of experts/. A program without them links no_cuda.cpp, which throws an Error.
#pragma once

#include "experts/ops.h"

namespace switchyard {

ExpertOps& cuda_expert_ops();

}  // namespace switchyard
