#include "runtime/own_matmul.h"

#include <algorithm>

#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {
namespace {

// A block of the result has up to so many rows; its columns are the lanes of vectors. 6 x 16 and
// 8 x 8 sums leave AVX2 registers for what they are made of.
constexpr std::int64_t wide = 16, narrow = 8;
constexpr int most_rows(std::int64_t lanes) { return lanes == wide ? 6 : 8; }

// Element (i, k) of the left matrix of a block, or (k, j) of the right one, whose j are adjacent.
struct Left {
  const float* data;
  std::int64_t row, step;
};
struct Right {
  const float* data;
  std::int64_t step;
};

// GCC 12 keeps all sums in registers in just this form (constant trip counts, one flat array, the
// lanes' loops left to the vectoriser); others are up to ten times slower. Measure a change with
// bench/matmul_bench.
template <int rows, int lanes>
inline __attribute__((always_inline)) void multiply_block(Left a, Right b, std::int64_t k,
                                                          std::int64_t stride, float* out) {
  float sum[rows * lanes];
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 1
    for (int j = 0; j < lanes; ++j)
      sum[i * lanes + j] = fma_f32(a.data[i * a.row], b.data[j], 0.0F);
  }
  for (std::int64_t s = 1; s < k; ++s) {
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

template <int most, int lanes>
inline __attribute__((always_inline)) void multiply_up_to(std::int64_t rows, Left a, Right b,
                                                          std::int64_t k, std::int64_t stride,
                                                          float* out) {
  if (rows == most) {
    multiply_block<most, lanes>(a, b, k, stride, out);
  } else if constexpr (most > 1) {
    multiply_up_to<most - 1, lanes>(rows, a, b, k, stride, out);
  }
}

// out[i * stride + j] = the sum over k, for i < rows <= most_rows, all j of the lanes.
SWITCHYARD_MULTIVERSION
void multiply_wide(std::int64_t rows, Left a, Right b, std::int64_t k, std::int64_t stride,
                   float* out) {
  multiply_up_to<most_rows(wide), wide>(rows, a, b, k, stride, out);
}
SWITCHYARD_MULTIVERSION
void multiply_narrow(std::int64_t rows, Left a, Right b, std::int64_t k, std::int64_t stride,
                     float* out) {
  multiply_up_to<most_rows(narrow), narrow>(rows, a, b, k, stride, out);
}

// Calls body(begin, count) for blocks of at most `most`, as even as can be: a block of few rows
// takes almost as long as a full one.
template <class Body>
void for_even_blocks(std::int64_t total, std::int64_t most, Body body) {
  const std::int64_t blocks = (total + most - 1) / most;
  for (std::int64_t i = 0; i < blocks; ++i)
    body(total * i / blocks, total * (i + 1) / blocks - total * i / blocks);
}

// The calling thread's, for a panel of the right matrix: k rows of one vector.
float* room_for_panel(std::int64_t k) {
  thread_local Buffer room;
  if (room.tensor().size() < k * wide) room = Buffer(Shape{k * wide}, DType::f32);
  return room.tensor().as<float>();
}

// panel[s][j] = b(s, j) for j < cols, zeros beyond.
void pack_panel(const float* b, std::int64_t step, std::int64_t lane, std::int64_t k,
                std::int64_t cols, std::int64_t lanes, float* panel) {
  if (cols == wide && lane == 1) {
    for (std::int64_t s = 0; s < k; ++s) std::copy_n(b + s * step, wide, panel + s * wide);
    return;
  }
  if (cols < lanes) std::fill_n(panel, k * lanes, 0.0F);
  for (std::int64_t j = 0; j < cols; ++j) {
    for (std::int64_t s = 0; s < k; ++s) panel[s * lanes + j] = b[j * lane + s * step];
  }
}

// Element (i, j) of a block goes to out[i * row + j * col].
struct Place {
  float* out;
  std::int64_t row, col;
};

void put(const float* block, std::int64_t lanes, std::int64_t rows, std::int64_t cols, Write write,
         Place to) {
  for (std::int64_t j = 0; j < cols; ++j) {
    for (std::int64_t i = 0; i < rows; ++i) {
      float& place = to.out[i * to.row + j * to.col];
      const float sum = block[i * lanes + j];
      place = write == Write::add ? place + sum : sum;
    }
  }
}

// Rows of `a` by one panel of at most 16 columns.
void multiply_panel(std::int64_t rows, std::int64_t cols, std::int64_t lanes, Left a, Right b,
                    std::int64_t k, Write write, Place to) {
  const auto multiply = lanes == wide ? multiply_wide : multiply_narrow;
  const bool in_place = cols == lanes && to.col == 1 && write == Write::replace;
  for_even_blocks(rows, most_rows(lanes), [&](std::int64_t begin, std::int64_t count) {
    const Left left{a.data + begin * a.row, a.row, a.step};
    const Place place{to.out + begin * to.row, to.row, to.col};
    if (in_place) {
      multiply(count, left, b, k, place.row, place.out);
    } else {
      float block[most_rows(wide) * wide];
      multiply(count, left, b, k, lanes, block);
      put(block, lanes, count, cols, write, place);
    }
  });
}

const float* floats_of(Operand operand) { return reinterpret_cast<const float*>(operand.data); }

}  // namespace

// Lanes go along the side whose elements lie side by side: the columns of b; or, where b is stored
// transposed, the rows of a, as a copy, and the result's blocks are transposed.
void own_matmul(const MatmulShape& shape, Write write, Operand a, Operand b, float* out) {
  const auto& [m, n, k, op_a, op_b, precision] = shape;
  const bool turned = op_b == Op::transposed;
  const std::int64_t rows = turned ? n : m, cols = turned ? m : n;
  const Left left = turned              ? Left{floats_of(b), b.stride, 1}
                    : op_a == Op::plain ? Left{floats_of(a), a.stride, 1}
                                        : Left{floats_of(a), 1, a.stride};
  const float* right = floats_of(turned ? a : b);
  const std::int64_t lane = turned ? a.stride : 1, step = turned ? 1 : b.stride;
  for (std::int64_t col = 0; col < cols; col += wide) {
    const std::int64_t count = std::min(wide, cols - col), lanes = count > narrow ? wide : narrow;
    Right panel{right + col * lane, step};
    if (turned || count < lanes || rows > 2 * most_rows(wide)) {
      float* room = room_for_panel(k);
      pack_panel(panel.data, step, lane, k, count, lanes, room);
      panel = {room, lanes};
    }
    const Place place = turned ? Place{out + col * n, 1, n} : Place{out + col, n, 1};
    multiply_panel(rows, count, lanes, left, panel, k, write, place);
  }
}

}  // namespace switchyard
