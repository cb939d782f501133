// The inner loops of attention: small matrices in panels, and what happens to one tile of queries.
//
// Every sum here runs in the order of the keys (or queries, or dims) that it sums over, whatever
// the blocking, and a masked key adds an exact zero. A token's results therefore do not depend on
// which other keys its tile visited.
#pragma once

#include <array>
#include <cstdint>

namespace switchyard {

// A matrix cut into panels of 16 columns; a panel is stored row after row. Columns past the last
// are zeros.
struct Panels {
  static constexpr std::int64_t width = 16;

  float* data = nullptr;
  std::int64_t stride = 0;  // from panel to panel

  float* at(std::int64_t panel, std::int64_t row = 0) const {
    return data + panel * stride + row * width;
  }
};

constexpr std::int64_t num_panels(std::int64_t cols) {
  return (cols + Panels::width - 1) / Panels::width;
}

// The last 16 elements of a stride keep panels whose size is a power of two from sharing cache
// sets.
constexpr std::int64_t panel_stride(std::int64_t rows) { return (rows + 1) * Panels::width; }

// Products work on this many rows at a time: 6 x 16 sums fill the vector registers of AVX2.
inline constexpr std::int64_t attention_block_rows = 6;

// A dense matrix inside a larger one: one head of a [tokens, heads, dim] tensor.
struct HeadRows {
  float* data = nullptr;
  std::int64_t stride = 0;

  float* at(std::int64_t row) const { return data + row * stride; }
  HeadRows from(std::int64_t row) const { return {at(row), stride}; }
};

// A tile of queries, and which keys each of them sees: first_key .. last_key. A row past the
// sequence's end sees none.
struct QueryTile {
  static constexpr std::int64_t rows = 48;

  std::int64_t first_row = 0;    // in the sequence
  std::int64_t num_rows = rows;  // before the sequence's end
  std::array<std::int32_t, rows> first_key{}, last_key{};

  // Blocks of rows that products visit: all rows of the panels that hold the last one.
  std::int64_t num_blocks() const {
    return (num_panels(num_rows) * Panels::width + attention_block_rows - 1) / attention_block_rows;
  }
  std::int64_t visited_rows() const { return num_blocks() * attention_block_rows; }
};

// Key panels [begin, end) of a tile. Panel p of the sequence is panel p - begin of the tile's
// scores.
struct KeyRange {
  std::int64_t begin = 0, end = 0;
};

// out = scale * in, zeros up to padded_rows and in the columns that fill the last panel.
void pack(HeadRows in, std::int64_t rows, std::int64_t cols, float scale, std::int64_t padded_rows,
          Panels out);
// out = scale * in^T: [padded_cols, padded_rows], zeros where padded.
void pack_transposed(HeadRows in, std::int64_t rows, std::int64_t cols, float scale,
                     std::int64_t padded_rows, std::int64_t padded_cols, Panels out);
// out = scale * in.
void unpack(Panels in, std::int64_t rows, std::int64_t cols, float scale, HeadRows out);

// out = in^T: [rows, cols].
void unpack_transposed(Panels in, std::int64_t rows, std::int64_t cols, HeadRows out);
// inout *= row_scale, row by row.
void scale_rows(const float* row_scale, std::int64_t rows, std::int64_t dim_panels, Panels inout);

// scores = q keys^T, except where a whole block of queries precedes a panel of keys: those stay as
// they were.
void score(const QueryTile& tile, KeyRange keys, Panels q, Panels keys_transposed,
           std::int64_t dim_panels, Panels scores);
// scores become e^(score - largest of the row), 0 where masked. inverse_sum and log_sum describe
// the rows' sums; both are 0 for a row that sees no key.
void softmax(const QueryTile& tile, KeyRange keys, Panels scores, float* inverse_sum,
             float* log_sum);
// scores become the probabilities P, d_weights (on entry dO V^T) become P * (d_weights - delta); 0
// where masked.
void softmax_backward(const QueryTile& tile, KeyRange keys, const float* log_sum,
                      const float* delta, Panels scores, Panels d_weights);
// out += weights values. out: [tile rows, dim], values: [keys of the sequence, dim].
void add_weighted(const QueryTile& tile, KeyRange keys, Panels weights, Panels values,
                  std::int64_t dim_panels, Panels out);
// out += rows^T weights. rows_transposed: [dim, tile rows], out: [dim, keys of the sequence]; dims
// in whole blocks.
void add_weighted_transposed(const QueryTile& tile, KeyRange keys, Panels rows_transposed,
                             Panels weights, std::int64_t dim_blocks, Panels out);
// out[i] = a[i] . b[i]
void dot_rows(HeadRows a, HeadRows b, std::int64_t rows, std::int64_t cols, float* out);

}  // namespace switchyard
