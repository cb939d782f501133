// LayerContext: what every layer's passes over a micro-batch need besides its own tensors.
#pragma once

#include <cstdint>

#include "runtime/batch.h"
#include "runtime/params/params.h"
#include "runtime/tensor.h"

namespace switchyard {

// The memory of one layer's passes, by how long it is needed.
struct Workspace {
  Arena& routing;      // until the micro-batch is done: what gates decided, and plans
  Arena& activations;  // until the layer's backward; of a recomputed layer, until its forward ends
  Arena& scratch;      // until the layer's pass ends
};

// Backward runs a recomputed layer forward again, along the routes of the first time.
enum class Pass : std::uint8_t { first, again };

struct LayerContext {
  Params& params;
  const Batch& batch;  // where the stream's device reads it
  Workspace workspace;
  Stream& stream;
};

}  // namespace switchyard
