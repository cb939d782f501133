// What a feed-forward network must know of its rows, besides their values, to draw its masks.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/masks/dropout.h"

namespace switchyard {

// Which masks act on the networks of a layer in a pass.
struct LayerMasks {
  const Dropout* dropout = nullptr;  // null: none
  int layer = 0;
  std::int64_t step = -1;  // -1: no step is trained, and nothing is masked

  bool on_weights() const {
    return dropout != nullptr && step >= 0 && dropout->config().masks_weights(layer);
  }
  bool by_sequence() const {
    return on_weights() && dropout->config().weights_share == MaskShare::sequence;
  }
  bool on_activations() const {
    return dropout != nullptr && step >= 0 && dropout->of_ffn().masks();
  }
  // The experts' ranks must learn of the rows' sequences and micro-batches.
  bool need_sequences() const { return by_sequence() || on_activations(); }
};

// Rows of one mask: of a sequence or of a micro-batch, by its number in the step.
struct NumberedRows {
  std::int64_t begin, end, number;
};

// Rows are ascending and without gaps; empty: nothing is masked.
struct RowContext {
  LayerMasks masks;
  std::vector<NumberedRows> weights;      // by the mask of the weights that they meet
  std::vector<NumberedRows> activations;  // by micro-batch
};

// The rows of a micro-batch, sequence after sequence.
RowContext rows_of_batch(const LayerMasks& masks, std::int64_t index, std::int64_t num_sequences,
                         std::int64_t rows);

}  // namespace switchyard
