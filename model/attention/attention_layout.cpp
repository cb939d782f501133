#include "model/attention/attention_layout.h"

#include <algorithm>
#include <cmath>

namespace switchyard {

Heads::Heads(const AttentionShape& attention_shape, Tensor positions)
    : shape(attention_shape),
      position(positions.as<std::int32_t>()),
      softmax_scale(static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape.head_dim)))) {}

QueryTile make_tile(const Heads& heads, std::int64_t sequence, std::int64_t first_row) {
  QueryTile tile;
  tile.first_row = first_row;
  tile.num_rows = heads.tile_rows(first_row);
  tile.last_key.fill(-1);
  const std::int32_t* position = heads.position + sequence * heads.shape.sequence;
  for (std::int64_t r = 0; r < tile.num_rows; ++r) {
    const std::int64_t row = first_row + r;
    require(position[row] >= 0 && position[row] <= row,
            "token {} of sequence {} has position {}; expected 0 to {}", row, sequence,
            position[row], row);
    tile.first_key[r] = static_cast<std::int32_t>(row) - position[row];
    tile.last_key[r] = static_cast<std::int32_t>(row);
  }
  return tile;
}

KeyRange keys_of(const QueryTile& tile, std::int64_t rows) {
  const auto first = std::min_element(tile.first_key.begin(), tile.first_key.begin() + rows);
  return {*first / Panels::width, tile.last_key[rows - 1] / Panels::width + 1};
}

std::int64_t unit_scratch(const AttentionShape& shape) {
  const Sizes size(shape);
  Carver forward(nullptr);
  Carver backward(nullptr);
  const ForwardScratch counted_forward(size, forward);
  const BackwardScratch counted_backward(size, backward);
  return std::max(forward.used(), backward.used());
}

void for_each_unit(Stream& stream, const Heads& heads, Tensor scratch,
                   const std::function<void(std::int64_t, float*)>& body) {
  const std::int64_t num_threads = stream.num_threads();
  const std::int64_t per_thread = unit_scratch(heads.shape);
  require(scratch.size() >= num_threads * per_thread, "scratch has {} elements; {} are needed",
          scratch.size(), num_threads * per_thread);
  float* memory = scratch.as<float>();
  parallel_for(stream, std::min(num_threads, heads.num_units()), [&](std::int64_t thread) {
    for (std::int64_t unit = thread; unit < heads.num_units(); unit += num_threads) {
      body(unit, memory + thread * per_thread);
    }
  });
}

}  // namespace switchyard
