// A mask times a tensor, on the threads of a CPU stream. All tensors are f32 of one size.
#pragma once

#include "runtime/device/stream.h"
#include "runtime/masks/mask_law.h"
#include "runtime/masks/mask_stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// out = in * mask, element by element; out may be in.
void apply_mask(const MaskLaw& law, const MaskStream& mask, Tensor in, Tensor out, Stream& stream);
// sum += in * mask.
void add_masked(const MaskLaw& law, const MaskStream& mask, Tensor in, Tensor sum, Stream& stream);

}  // namespace switchyard
