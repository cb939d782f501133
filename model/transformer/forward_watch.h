// ForwardWatch: sees what each layer of a forward pass computes.
#pragma once

#include <string>

#include "runtime/batch.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

class ForwardWatch {
 public:
  virtual ~ForwardWatch() = default;

  // Called in the order of computation, but not for empty batches. tensor: "embedding",
  // "layer3.attention" (the residual stream between attention and FFN), "layer3.choices" (the
  // chosen experts) or "layer3.output". rows: [T, n] f32 or i32, on the stream's device; unchanged
  // until the call returns.
  virtual void saw(const std::string& tensor, const Batch& batch, Tensor rows, Stream& stream) = 0;
};

}  // namespace switchyard
