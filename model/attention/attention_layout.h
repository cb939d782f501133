// How attention divides its work: units, tiles, and the scratch of one thread.
#pragma once

#include <algorithm>
#include <functional>

#include "model/attention/attention_tile.h"
#include "model/ops.h"

namespace switchyard {

// Backward works on this many panels of keys at a time.
inline constexpr std::int64_t backward_panels = 4;

// Cuts one thread's scratch into matrices. Without memory it only counts.
class Carver {
 public:
  explicit Carver(float* memory) : memory_(memory) {}

  Panels panels(std::int64_t rows, std::int64_t cols) {
    const Panels result = {memory_ == nullptr ? nullptr : memory_ + used_, panel_stride(rows)};
    used_ += num_panels(cols) * result.stride;
    return result;
  }
  std::int64_t used() const { return used_; }

 private:
  float* memory_;
  std::int64_t used_ = 0;
};

// Counts rounded up to whole panels; dims also to whole blocks of rows, for where they are the rows
// of a product.
struct Sizes {
  explicit Sizes(const AttentionShape& shape)
      : keys(num_panels(shape.sequence) * Panels::width),
        dim_panels(num_panels(shape.head_dim)),
        dims(dim_panels * Panels::width),
        dim_blocks((dims + attention_block_rows - 1) / attention_block_rows),
        dim_rows(dim_blocks * attention_block_rows) {}
  std::int64_t keys, dim_panels, dims, dim_blocks, dim_rows;
};

// Matrices of one unit of work, then of one of its tiles.
struct ForwardScratch {
  ForwardScratch(const Sizes& size, Carver& carver)
      : keys_transposed(carver.panels(size.dims, size.keys)),
        values(carver.panels(size.keys, size.dims)),
        q(carver.panels(QueryTile::rows, size.dims)),
        scores(carver.panels(QueryTile::rows, size.keys)),
        out(carver.panels(QueryTile::rows, size.dims)) {}
  Panels keys_transposed, values;
  Panels q, scores, out;
};

struct BackwardScratch {
  BackwardScratch(const Sizes& size, Carver& carver)
      : keys(carver.panels(size.keys, size.dims)),
        keys_transposed(carver.panels(size.dims, size.keys)),
        values_transposed(carver.panels(size.dims, size.keys)),
        d_keys_transposed(carver.panels(size.dim_rows, size.keys)),
        d_values_transposed(carver.panels(size.dim_rows, size.keys)),
        q(carver.panels(QueryTile::rows, size.dims)),
        q_transposed(carver.panels(size.dim_rows, QueryTile::rows)),
        d_out(carver.panels(QueryTile::rows, size.dims)),
        d_out_transposed(carver.panels(size.dim_rows, QueryTile::rows)),
        d_q(carver.panels(QueryTile::rows, size.dims)),
        scores(carver.panels(QueryTile::rows, backward_panels * Panels::width)),
        d_weights(carver.panels(QueryTile::rows, backward_panels * Panels::width)) {}
  Panels keys, keys_transposed, values_transposed, d_keys_transposed, d_values_transposed;
  Panels q, q_transposed, d_out, d_out_transposed, d_q, scores, d_weights;
};

// Where one head of one sequence lies in the tensors of a call.
struct Heads {
  AttentionShape shape;
  const std::int32_t* position;
  float softmax_scale;

  Heads(const AttentionShape& attention_shape, Tensor positions);

  int group() const { return shape.num_heads / shape.num_kv_heads; }
  std::int64_t num_units() const { return shape.num_sequences * shape.num_kv_heads; }
  HeadRows rows(Tensor tensor, int heads, std::int64_t sequence, std::int64_t head) const {
    const std::int64_t stride = heads * shape.head_dim;
    return {tensor.as<float>() + sequence * shape.sequence * stride + head * shape.head_dim,
            stride};
  }
  HeadRows query_rows(Tensor tensor, std::int64_t sequence, std::int64_t head) const {
    return rows(tensor, shape.num_heads, sequence, head);
  }
  HeadRows key_rows(Tensor tensor, std::int64_t sequence, std::int64_t head) const {
    return rows(tensor, shape.num_kv_heads, sequence, head);
  }
  std::int64_t tile_rows(std::int64_t first_row) const {
    return std::min(QueryTile::rows, shape.sequence - first_row);
  }
};

// Errors: Exit::internal if a position points before its sequence.
QueryTile make_tile(const Heads& heads, std::int64_t sequence, std::int64_t first_row);

// The key panels that the first `rows` queries of the tile see.
KeyRange keys_of(const QueryTile& tile, std::int64_t rows);

// How many f32 elements a unit of work needs, forward or backward.
std::int64_t unit_scratch(const AttentionShape& shape);

// Calls body(unit, memory) for every unit, which is a (sequence, key/value head). Thread i takes
// units i, i + num_threads, ... and one piece of the scratch. Errors: Exit::internal if the scratch
// is too small.
void for_each_unit(Stream& stream, const Heads& heads, Tensor scratch,
                   const std::function<void(std::int64_t, float*)>& body);

}  // namespace switchyard
