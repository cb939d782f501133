// Adding to a fixed-point sum on a GPU (runtime/exact_sum.h). For .cu files.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "runtime/math.h"

namespace switchyard {

struct FixedAdd {
  double scale, limit;
  std::int32_t* misfit;  // becomes 1 if an addend does not fit; that addend is not added

  __device__ void add(float value, std::int64_t& sum) const {
    const double x = value;
    if (x < limit && x > -limit) {
      sum += fixed_of(x, scale);
    } else {
      *misfit = 1;  // every thread that writes here writes a 1
    }
  }
};

}  // namespace switchyard
