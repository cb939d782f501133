// The activation of an expert. It is elementwise, so that no thread count or layout changes a bit.
// All tensors are f32; sizes are checked (Exit::internal).
#pragma once

#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

class ExpertOps {
 public:
  virtual ~ExpertOps() = default;
  // Errors: Exit::usage if this build has no kernels for the device.
  static ExpertOps& on(Device device);

  // out = silu(gate) * up. All have one size; out may be gate or up.
  virtual void swiglu(Tensor gate, Tensor up, Tensor out, Stream& stream) = 0;
  // Overwrites d_gate and d_up, which may be gate, up or d_out.
  virtual void swiglu_backward(Tensor gate, Tensor up, Tensor d_out, Tensor d_gate, Tensor d_up,
                               Stream& stream) = 0;
};

}  // namespace switchyard
