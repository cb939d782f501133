// LayerContext: what every layer's passes over a micro-batch need besides its own tensors.
#pragma once

#include <cstdint>

#include "runtime/batch.h"
#include "runtime/masks/row_context.h"
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
  const Dropout* dropout = nullptr;  // null: nothing is masked

  bool drops_residual() const {
    return dropout != nullptr && batch.step >= 0 && dropout->of_residual().masks();
  }
  // Of the feed-forward networks of a layer.
  LayerMasks masks(int layer) const { return {dropout, layer, batch.step}; }
  // Of such a network that computes all rows of the batch.
  RowContext rows(int layer) const {
    return rows_of_batch(masks(layer), batch.index, batch.num_sequences, batch.num_tokens());
  }
};

}  // namespace switchyard
