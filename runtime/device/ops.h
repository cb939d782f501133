// Element-wise ops that every room needs.
#pragma once

#include "runtime/device/stream.h"
#include "runtime/exact_sum.h"
#include "runtime/tensor.h"

namespace switchyard {

class RuntimeOps {
 public:
  virtual ~RuntimeOps() = default;
  static RuntimeOps& on(
      Device device);  // Errors: Exit::usage if this build has no kernels for the device.

  virtual void zero(Tensor out, Stream& stream) = 0;              // any dtype
  virtual void copy(Tensor in, Tensor out, Stream& stream) = 0;   // same bytes
  virtual void add(Tensor in, Tensor inout, Stream& stream) = 0;  // inout += in, f32 or i64
  // Adds in to sum in fixed point (runtime/exact_sum.h). in: f32; sum: i64. misfit: [1] i32,
  // becomes 1 if an element of `in` is not finite or not below the limit.
  virtual void add_fixed(Tensor in, const FixedPoint& format, Tensor sum, Tensor misfit,
                         Stream& stream) = 0;
};

}  // namespace switchyard
