// LinearWatch: sees what every linear layer of a forward pass multiplies with its weights.
#pragma once

#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

class LinearWatch {
 public:
  virtual ~LinearWatch() = default;

  // Called before each product of a weight, Params::find()'s number: once for each micro-batch, and
  // of an expert once for each of its segments, or on a GPU for all experts of a rank one after
  // another. x: [rows, in] f32 on the stream's device, zero rows that pad it included; unchanged
  // until the call returns. Threads may call for different weights at once.
  virtual void multiplies(int weight, Tensor x, Stream& stream) = 0;
};

}  // namespace switchyard
