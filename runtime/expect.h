// How an op checks the sizes of what it is given: one line per tensor.
#pragma once

#include "runtime/tensor.h"

namespace switchyard {

inline void expect_size(const char* name, const Tensor& tensor, std::int64_t size) {
  require(tensor.size() == size, "{} has shape {}, which is {} elements; expected {}", name,
          tensor.shape, tensor.size(), size);
}

}  // namespace switchyard
