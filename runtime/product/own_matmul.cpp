#include "runtime/product/own_matmul.h"

#include <algorithm>
#include <array>
#include <span>

#include "runtime/hd.h"
#include "runtime/math.h"
#include "runtime/product/own_panel.h"

namespace switchyard {
namespace {

// max_rows: the most rows in a block of the result. Its columns are the lanes of vectors. 6 x 16
// and 8 x 8 sums leave AVX2 registers for the operands.
constexpr std::int64_t wide = 16, narrow = 8;
constexpr int max_rows(std::int64_t lanes) { return lanes == wide ? 6 : 8; }

// Element (i, k) of the left matrix of a block, or (k, j) of the right one, whose j are adjacent.
struct Left {
  const float* data;
  std::int64_t row, step;

  Left from(std::int64_t i, std::int64_t k) const { return {data + i * row + k * step, row, step}; }
};
struct Right {
  const float* data;
  std::int64_t step;
};

// `count` terms of the sums: the first ones, or terms that are added to `out`.
struct Terms {
  std::int64_t count;
  bool first;
};

// GCC 12 keeps all sums in registers only in this form (constant trip counts, one flat array, the
// loops over lanes left to the vectoriser); other forms are up to ten times slower. Measure changes
// with bench/matmul_bench.
template <int rows, int lanes>
inline __attribute__((always_inline)) void multiply_block(Left a, Right b, Terms terms,
                                                          std::int64_t stride, float* out) {
  float sum[rows * lanes];
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 1
    for (int j = 0; j < lanes; ++j) sum[i * lanes + j] = terms.first ? 0.0F : out[i * stride + j];
  }
  for (std::int64_t s = 0; s < terms.count; ++s) {
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 1
      for (int j = 0; j < lanes; ++j) {
        sum[i * lanes + j] =
            fma_f32(a.data[i * a.row + s * a.step], b.data[s * b.step + j], sum[i * lanes + j]);
      }
    }
  }
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 1
    for (int j = 0; j < lanes; ++j) out[i * stride + j] = sum[i * lanes + j];
  }
}

template <int max, int lanes>
inline __attribute__((always_inline)) void multiply_up_to(std::int64_t rows, Left a, Right b,
                                                          Terms terms, std::int64_t stride,
                                                          float* out) {
  if (rows == max) {
    multiply_block<max, lanes>(a, b, terms, stride, out);
  } else if constexpr (max > 1) {
    multiply_up_to<max - 1, lanes>(rows, a, b, terms, stride, out);
  }
}

// out[i * stride + j] = the sum over k, for i < rows <= max_rows, all j of the lanes.
SWITCHYARD_MULTIVERSION
void multiply_wide(std::int64_t rows, Left a, Right b, Terms terms, std::int64_t stride,
                   float* out) {
  multiply_up_to<max_rows(wide), wide>(rows, a, b, terms, stride, out);
}
SWITCHYARD_MULTIVERSION
void multiply_narrow(std::int64_t rows, Left a, Right b, Terms terms, std::int64_t stride,
                     float* out) {
  multiply_up_to<max_rows(narrow), narrow>(rows, a, b, terms, stride, out);
}

// Calls body(begin, count) for blocks of at most `max`, as even as possible: a block of few rows
// takes almost as long as a full one.
template <class Body>
void for_even_blocks(std::int64_t total, std::int64_t max, Body body) {
  const std::int64_t blocks = (total + max - 1) / max;
  for (std::int64_t i = 0; i < blocks; ++i)
    body(total * i / blocks, total * (i + 1) / blocks - total * i / blocks);
}

// Panels of the right matrix (k rows of one vector each) that are packed together: few enough to
// stay in the second-level cache while rows of the left matrix pass.
constexpr std::int64_t panels_together = 8;
constexpr std::int64_t rows_together = 96;
// Terms of the sums that are added together: a piece of a panel that stays in the first-level
// cache.
constexpr std::int64_t terms_together = 256;

// Scratch memory of the calling thread.
float* scratch_for_panels(std::int64_t k) {
  thread_local Buffer scratch;
  const std::int64_t size = panels_together * k * wide;
  if (scratch.tensor().size() < size) scratch = Buffer(Shape{size}, DType::f32);
  return scratch.tensor().as<float>();
}

// The destination of a block's rows: rows of the result, `stride` apart, or its columns if the
// product is transposed.
struct Place {
  float* out;
  std::int64_t stride;
  bool transposed;

  Place from_row(std::int64_t row) const {
    return {out + row * (transposed ? 1 : stride), stride, transposed};
  }
};

void put_row(const float* from, std::int64_t count, Write write, float* to) {
  for (std::int64_t j = 0; j < count; ++j) to[j] = write == Write::add ? to[j] + from[j] : from[j];
}

void put(const float* block, std::int64_t lanes, std::int64_t rows, std::int64_t cols, Write write,
         Place to) {
  if (!to.transposed) {
    for (std::int64_t i = 0; i < rows; ++i)
      put_row(block + i * lanes, cols, write, to.out + i * to.stride);
    return;
  }
  float across[wide * narrow];
  for (std::int64_t j = 0; j < lanes; j += narrow)
    transpose_eight(block + j, lanes, across + j * narrow, narrow);
  for (std::int64_t j = 0; j < cols; ++j)
    put_row(across + j * narrow, rows, write, to.out + j * to.stride);
}

const float* floats_of(Operand operand) { return reinterpret_cast<const float*>(operand.data); }

// A product in the form that the kernels take, with lanes along the columns of b. If b is stored
// transposed, its columns have to be copied side by side. If a has fewer rows than b has columns,
// the lanes go along the rows of a instead: the product is transposed, and the rows of its blocks
// are columns of the result.
struct Arrangement {
  bool transposed;
  std::int64_t rows, cols, k;
  Left left;
  const float* right;  // element (s, j) is right[s * step + j * lane]
  std::int64_t step, lane;
  float* out;
  std::int64_t out_stride;

  Place place(std::int64_t row, std::int64_t col) const {
    return Place{out + (transposed ? col * out_stride : col), out_stride, transposed}.from_row(row);
  }
};

Arrangement arranged(const MatmulShape& shape, Operand a, Operand b, float* out) {
  const auto& [m, n, k, op_a, op_b, precision] = shape;
  const bool side_by_side = op_b == Op::plain;
  if (!side_by_side && m < n)
    return {true, n, m, k, {floats_of(b), b.stride, 1}, floats_of(a), 1, a.stride, out, n};
  const Left left =
      op_a == Op::plain ? Left{floats_of(a), a.stride, 1} : Left{floats_of(a), 1, a.stride};
  const std::int64_t step = side_by_side ? b.stride : 1, lane = side_by_side ? 1 : b.stride;
  return {false, m, n, k, left, floats_of(b), step, lane, out, n};
}

struct Panel {
  Right right;
  std::int64_t col, cols, lanes;
};

// Returns the panel at a column, packed into `scratch` if the kernels cannot read it in place, or
// would read it often.
Panel panel_at(const Arrangement& all, std::int64_t col, float* scratch) {
  const std::int64_t cols = std::min(wide, all.cols - col), lanes = cols > narrow ? wide : narrow;
  const float* data = all.right + col * all.lane;
  const bool often = all.rows > 2 * max_rows(wide);
  if (all.lane == 1 && cols == lanes && !often) return {{data, all.step}, col, cols, lanes};
  pack_panel(data, all.step, all.lane, all.k, cols, lanes, scratch);
  return {{scratch, lanes}, col, cols, lanes};
}

// Sums of up to rows_together rows by one panel that are not in their place yet. The kernels and
// put() take whole blocks.
using Sums = std::array<float, (rows_together + narrow) * wide>;

// Multiplies `rows` rows of the left matrix, from `row` on, by one panel: the `terms` of their sums
// from `begin` on.
void multiply_panel(const Arrangement& all, std::int64_t row, std::int64_t rows, const Panel& panel,
                    std::int64_t begin, Terms terms, Write write, Sums& sums) {
  const std::int64_t lanes = panel.lanes;
  const auto multiply = lanes == wide ? multiply_wide : multiply_narrow;
  const bool in_place = panel.cols == lanes && !all.transposed && write == Write::replace;
  const bool last = begin + terms.count == all.k;
  const Right right{panel.right.data + begin * panel.right.step, panel.right.step};
  for_even_blocks(rows, max_rows(lanes), [&](std::int64_t first, std::int64_t count) {
    const Left left = all.left.from(row + first, begin);
    const Place place = all.place(row + first, panel.col);
    if (in_place) {
      multiply(count, left, right, terms, place.stride, place.out);
      return;
    }
    float* block = sums.data() + first * lanes;
    multiply(count, left, right, terms, lanes, block);
    if (last) put(block, lanes, count, panel.cols, write, place);
  });
}

}  // namespace

void own_matmul(const MatmulShape& shape, Write write, Operand a, Operand b, float* out) {
  const Arrangement all = arranged(shape, a, b, out);
  float* scratch = scratch_for_panels(all.k);
  thread_local std::array<Sums, panels_together> sums;
  for (std::int64_t first = 0; first < all.cols; first += panels_together * wide) {
    std::array<Panel, panels_together> panels;
    const auto count =
        static_cast<std::size_t>(std::min(panels_together, (all.cols - first + wide - 1) / wide));
    for (std::size_t i = 0; i < count; ++i) {
      const auto before = static_cast<std::int64_t>(i) * wide;
      panels[i] = panel_at(all, first + before, scratch + before * all.k);
    }
    for (std::int64_t row = 0; row < all.rows; row += rows_together) {
      const std::int64_t rows = std::min(rows_together, all.rows - row);
      for (std::int64_t begin = 0; begin < all.k; begin += terms_together) {
        const Terms terms{std::min(terms_together, all.k - begin), begin == 0};
        for (std::size_t i = 0; i < count; ++i)
          multiply_panel(all, row, rows, panels[i], begin, terms, write, sums[i]);
      }
    }
  }
}

}  // namespace switchyard
