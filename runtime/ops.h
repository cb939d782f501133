// Elementwise work every room needs.
#pragma once

#include "runtime/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

class RuntimeOps {
 public:
  virtual ~RuntimeOps() = default;
  static RuntimeOps& on(
      Device device);  // Errors: Exit::usage if this build has no kernels for the device.

  virtual void zero(Tensor out, Stream& stream) = 0;              // any dtype
  virtual void copy(Tensor in, Tensor out, Stream& stream) = 0;   // same bytes
  virtual void add(Tensor in, Tensor inout, Stream& stream) = 0;  // inout += in, f32
};

}  // namespace switchyard
