// Workspace: the memory of one layer's forward pass, by how long it is needed.
#pragma once

#include <cstdint>

#include "runtime/tensor.h"

namespace switchyard {

struct Workspace {
  Arena& routing;      // until the micro-batch is done: what gates decided, and plans
  Arena& activations;  // until the layer's backward; of a recomputed layer, until its forward ends
  Arena& scratch;      // until the layer's pass ends
};

// Backward runs a recomputed layer forward again, along the routes of the first time.
enum class Pass : std::uint8_t { first, again };

}  // namespace switchyard
