// Values on their way into a file.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/tensor.h"

namespace switchyard {

// Appends the values as a tensor of this type stores them. f32 as they are; bf16 rounded to nearest
// even; i8 and u8 hold whole numbers in their range. Errors: Exit::internal for other types.
void append_stored(std::span<const float> values, DType dtype, std::vector<std::byte>& bytes);

}  // namespace switchyard
