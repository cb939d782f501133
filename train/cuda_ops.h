// The CUDA kernels of this room, or, in a program linked without them, an Error (no_cuda.cpp).
#pragma once

#include "train/ops.h"

namespace switchyard {

TrainOps& cuda_train_ops();

}  // namespace switchyard
