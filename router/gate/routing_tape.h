// RoutingTape: records the choices of gates, or replays choices recorded before.
#pragma once

#include "runtime/batch.h"
#include "runtime/tensor.h"

namespace switchyard {

// Called for training micro-batches only (batch.step >= 0). expert: [T, k] i32 on the host, as in
// Routing: a dropped choice is the complement of its expert.
class RoutingTape {
 public:
  virtual ~RoutingTape() = default;
  // Fills `expert` with what was recorded for this step, layer and micro-batch; false if this tape
  // replays nothing. Errors: Exit::data if it replays but has no such choices.
  virtual bool replay(const Batch& batch, int layer, Tensor expert) = 0;
  virtual void record(const Batch& batch, int layer, Tensor expert) = 0;
};

}  // namespace switchyard
