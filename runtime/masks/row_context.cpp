#include "runtime/masks/row_context.h"

namespace switchyard {

RowContext rows_of_batch(const LayerMasks& masks, std::int64_t index, std::int64_t num_sequences,
                         std::int64_t rows) {
  RowContext context{masks, {}, {}};
  if (masks.on_activations()) context.activations.push_back({0, rows, index});
  if (!masks.on_weights()) return context;
  if (!masks.by_sequence()) {
    context.weights.push_back({0, rows, 0});
    return context;
  }
  const std::int64_t length = rows / num_sequences;
  for (std::int64_t s = 0; s < num_sequences; ++s)
    context.weights.push_back({s * length, (s + 1) * length, index * num_sequences + s});
  return context;
}

}  // namespace switchyard
