#include "model/attention/attention_tile.h"

#include <algorithm>
#include <limits>

#include "model/math.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

constexpr std::int64_t width = Panels::width;
constexpr std::int64_t block_rows = attention_block_rows;
static_assert(QueryTile::rows % block_rows == 0 && QueryTile::rows % width == 0);

// c[i][j] += sum over k, in order, of a[i][k] * b[k][j], for 6 rows i and 16 columns j. k runs over
// `segments` of 16, which lie a_stride apart in a and one after the other in b. GCC 12 keeps all
// sums in registers only in this form (constant trip counts, one flat array); other forms are up to
// ten times slower. Measure a change with bench/ops_bench.
SWITCHYARD_MULTIVERSION
void add_product(const float* a, std::int64_t a_stride, const float* b, std::int64_t segments,
                 float* c) {
  float sum[block_rows * 16];
  for (int i = 0; i < block_rows * 16; ++i) sum[i] = c[i];
  for (std::int64_t s = 0; s < segments; ++s) {
    for (std::int64_t k = 0; k < 16; ++k) {
      for (std::int64_t i = 0; i < block_rows; ++i) {
        for (std::int64_t j = 0; j < 16; ++j) {
          sum[i * 16 + j] =
              fma_f32(a[s * a_stride + i * 16 + k], b[s * 256 + k * 16 + j], sum[i * 16 + j]);
        }
      }
    }
  }
  for (int i = 0; i < block_rows * 16; ++i) c[i] = sum[i];
}

// The first block of queries in which a query may see a key of panel p.
inline std::int64_t first_block(std::int64_t first_row, std::int64_t panel) {
  const std::int64_t row = panel * width - first_row;
  return row > 0 ? row / block_rows : 0;
}

// One past the last panel of keys that some query of the block may see.
inline std::int64_t end_panel(std::int64_t first_row, std::int64_t block, std::int64_t end) {
  const std::int64_t panel = (first_row + (block + 1) * block_rows - 1) / width + 1;
  return panel < end ? panel : end;
}

struct RowSum {
  float largest, sum;
};

// Replaces each x of a row with e^(x - largest), over num_panels panels. Masked elements are
// -infinity and become 0.
SWITCHYARD_MULTIVERSION
RowSum exponentials(float* row, std::int64_t stride, std::int64_t num_panels) {
  std::int32_t lane[16];
  for (int j = 0; j < 16; ++j) lane[j] = ordered_bits(bits_to<std::int32_t>(row[j]));
  for (std::int64_t p = 1; p < num_panels; ++p) {
    for (int j = 0; j < 16; ++j) {
      const std::int32_t bits = ordered_bits(bits_to<std::int32_t>(row[p * stride + j]));
      lane[j] = bits > lane[j] ? bits : lane[j];
    }
  }
  std::int32_t largest = lane[0];
  for (int j = 1; j < 16; ++j) largest = lane[j] > largest ? lane[j] : largest;
  const float shift = bits_to<float>(ordered_bits(largest));

  float sum[16] = {};
  for (std::int64_t p = 0; p < num_panels; ++p) {
    float* x = row + p * stride;
    for (int j = 0; j < 16; ++j) {
      x[j] = exp_f32(x[j] - shift);
      sum[j] += x[j];
    }
  }
  return {shift, join16(sum)};
}

inline __attribute__((always_inline)) void softmax_backward_16(std::int32_t key,
                                                               std::int32_t first_key,
                                                               std::int32_t last_key, float log_sum,
                                                               float delta, float* score,
                                                               float* d_weight) {
  for (int j = 0; j < 16; ++j) {
    const bool visible = (key + j >= first_key) & (key + j <= last_key);
    const float p = exp_f32(score[j] - log_sum);
    const float d = p * (d_weight[j] - delta);
    score[j] = visible ? p : 0.0F;
    d_weight[j] = visible ? d : 0.0F;
  }
}

SWITCHYARD_MULTIVERSION
float dot(const float* a, const float* b, std::int64_t count) {
  return sum16<float>(count, [=](std::int64_t i) { return a[i] * b[i]; });
}

}  // namespace

void pack(HeadRows in, std::int64_t rows, std::int64_t cols, float scale, std::int64_t padded_rows,
          Panels out) {
  for (std::int64_t panel = 0; panel < num_panels(cols); ++panel) {
    const std::int64_t begin = panel * width;
    const std::int64_t count = std::min(width, cols - begin);
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* from = in.at(r) + begin;
      float* to = out.at(panel, r);
      for (std::int64_t i = 0; i < count; ++i) to[i] = from[i] * scale;
      for (std::int64_t i = count; i < width; ++i) to[i] = 0.0F;
    }
    std::fill(out.at(panel, rows), out.at(panel, padded_rows), 0.0F);
  }
}

void pack_transposed(HeadRows in, std::int64_t rows, std::int64_t cols, float scale,
                     std::int64_t padded_rows, std::int64_t padded_cols, Panels out) {
  for (std::int64_t panel = 0; panel < padded_rows / width; ++panel) {
    const std::int64_t begin = panel * width;
    const std::int64_t count = std::clamp<std::int64_t>(rows - begin, 0, width);
    std::fill(out.at(panel), out.at(panel, padded_cols), 0.0F);
    for (std::int64_t r = 0; r < count; ++r) {
      const float* from = in.at(begin + r);
      float* to = out.at(panel) + r;
      for (std::int64_t c = 0; c < cols; ++c) to[c * width] = from[c] * scale;
    }
  }
}

void unpack(Panels in, std::int64_t rows, std::int64_t cols, float scale, HeadRows out) {
  for (std::int64_t panel = 0; panel < num_panels(cols); ++panel) {
    const std::int64_t begin = panel * width;
    const std::int64_t count = std::min(width, cols - begin);
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* from = in.at(panel, r);
      float* to = out.at(r) + begin;
      for (std::int64_t i = 0; i < count; ++i) to[i] = from[i] * scale;
    }
  }
}

void unpack_transposed(Panels in, std::int64_t rows, std::int64_t cols, HeadRows out) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* from = in.at(r / width) + r % width;
    float* to = out.at(r);
    for (std::int64_t c = 0; c < cols; ++c) to[c] = from[c * width];
  }
}

void scale_rows(const float* row_scale, std::int64_t rows, std::int64_t dim_panels, Panels inout) {
  for (std::int64_t d = 0; d < dim_panels; ++d) {
    for (std::int64_t r = 0; r < rows; ++r) {
      float* row = inout.at(d, r);
      for (std::int64_t i = 0; i < width; ++i) row[i] *= row_scale[r];
    }
  }
}

void score(const QueryTile& tile, KeyRange keys, Panels q, Panels keys_transposed,
           std::int64_t dim_panels, Panels scores) {
  for (std::int64_t p = keys.begin; p < keys.end; ++p) {
    for (std::int64_t block = first_block(tile.first_row, p); block < tile.num_blocks(); ++block) {
      float* out = scores.at(p - keys.begin, block * block_rows);
      std::fill_n(out, block_rows * width, 0.0F);
      add_product(q.at(0, block * block_rows), q.stride, keys_transposed.at(p), dim_panels, out);
    }
  }
}

void softmax(const QueryTile& tile, KeyRange keys, Panels scores, float* inverse_sum,
             float* log_sum) {
  constexpr float hidden = -std::numeric_limits<float>::infinity();
  for (std::int64_t r = 0; r < tile.visited_rows(); ++r) {
    const std::int64_t end = end_panel(tile.first_row, r / block_rows, keys.end);
    const bool sees = tile.last_key[r] >= tile.first_key[r];
    const std::int64_t first = sees ? tile.first_key[r] / width : end;
    const std::int64_t last = sees ? tile.last_key[r] / width : end;
    for (std::int64_t p = keys.begin; p < end; ++p) {
      if (p < first || p > last) std::fill_n(scores.at(p - keys.begin, r), width, 0.0F);
    }
    inverse_sum[r] = 0.0F;
    log_sum[r] = 0.0F;
    if (!sees) continue;
    float* row = scores.at(first - keys.begin, r);
    std::fill_n(row, tile.first_key[r] % width, hidden);
    float* row_end = scores.at(last - keys.begin, r) + width;
    std::fill(row_end - (width - 1 - tile.last_key[r] % width), row_end, hidden);
    const RowSum sum = exponentials(row, scores.stride, last - first + 1);
    inverse_sum[r] = 1.0F / sum.sum;
    log_sum[r] = sum.largest + log_f32(sum.sum);
  }
}

SWITCHYARD_MULTIVERSION
void softmax_backward(const QueryTile& tile, KeyRange keys, const float* log_sum,
                      const float* delta, Panels scores, Panels d_weights) {
  for (std::int64_t p = keys.begin; p < keys.end; ++p) {
    const std::int32_t key = static_cast<std::int32_t>(p * width);
    for (std::int64_t r = first_block(tile.first_row, p) * block_rows; r < tile.visited_rows();
         ++r) {
      softmax_backward_16(key, tile.first_key[r], tile.last_key[r], log_sum[r], delta[r],
                          scores.at(p - keys.begin, r), d_weights.at(p - keys.begin, r));
    }
  }
}

void add_weighted(const QueryTile& tile, KeyRange keys, Panels weights, Panels values,
                  std::int64_t dim_panels, Panels out) {
  for (std::int64_t block = 0; block < tile.num_blocks(); ++block) {
    const std::int64_t end = end_panel(tile.first_row, block, keys.end);
    for (std::int64_t d = 0; d < dim_panels; ++d) {
      add_product(weights.at(0, block * block_rows), weights.stride,
                  values.at(d, keys.begin * width), end - keys.begin,
                  out.at(d, block * block_rows));
    }
  }
}

void add_weighted_transposed(const QueryTile& tile, KeyRange keys, Panels rows_transposed,
                             Panels weights, std::int64_t dim_blocks, Panels out) {
  const std::int64_t segments = num_panels(tile.num_rows);
  for (std::int64_t p = keys.begin; p < keys.end; ++p) {
    // Queries before the panel's first key see none of it.
    const std::int64_t first = std::max<std::int64_t>(0, p - tile.first_row / width);
    for (std::int64_t block = 0; block < dim_blocks; ++block) {
      add_product(rows_transposed.at(first, block * block_rows), rows_transposed.stride,
                  weights.at(p - keys.begin, first * width), segments - first,
                  out.at(p, block * block_rows));
    }
  }
}

void dot_rows(HeadRows a, HeadRows b, std::int64_t rows, std::int64_t cols, float* out) {
  for (std::int64_t r = 0; r < rows; ++r) out[r] = dot(a.at(r), b.at(r), cols);
}

}  // namespace switchyard
