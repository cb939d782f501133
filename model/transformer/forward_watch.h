// ForwardWatch: sees what each layer of a forward pass computes.
#pragma once

#include <string>

#include "runtime/batch.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// What the experts of a layer computed for a micro-batch's tokens: output t is the sum of
// weight[t, c] * results[slot[t, c]] over its choices c with a slot >= 0.
struct ExpertResults {
  Tensor expert, slot;  // [T, k] i32; of a choice that was dropped both are < 0
  Tensor weight;        // [T, k] f32
  Tensor results;       // [slots, hidden] f32
};

class ForwardWatch {
 public:
  virtual ~ForwardWatch() = default;

  // Called in the order of computation, but not for empty batches. tensor: "embedding",
  // "layer3.attention" (the residual stream between attention and FFN), "layer3.choices" (the
  // chosen experts) or "layer3.output". rows: [T, n] f32 or i32, on the stream's device; unchanged
  // until the call returns.
  virtual void saw(const std::string& tensor, const Batch& batch, Tensor rows, Stream& stream) = 0;
  // Called after each mixture-of-experts layer, "layer3", but not for empty batches.
  virtual void mixed(const std::string& /*layer*/, const ExpertResults& /*results*/,
                     Stream& /*stream*/) {}
};

}  // namespace switchyard
