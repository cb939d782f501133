#include "runtime/product/tiled_matmul.h"

#include <algorithm>
#include <array>

#include "runtime/hd.h"
#include "runtime/product/matmul_library.h"
#include "runtime/product/own_matmul.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

// The rows of a product, and the terms of a weight gradient's sums, are cut into tiles of these
// sizes, so that the library sees a finite set of shapes: it takes 0.1 ms to prepare a new shape,
// and the tiles must depend on nothing but the number of rows. Left-over rows become a tile that is
// filled up with zero rows, since another kernel would give them other bits than their neighbours.
// Our own kernel adds left-over terms. With these row tiles, each row's result is bit-identical to
// computing the row alone. We verified this with AVX2; the test Matmul.OtherRowsDoNotChangeABit
// checks other processors. Other tiles do not have this property: with AVX2 oneDNN takes 6 rows at
// a time, and if 2 are left at the end of a block (128, 256), it adds theirs in another order; in
// large tiles (384) it does so for all rows.
constexpr std::array<std::int64_t, 3> row_tiles = {192, 64, 16};
constexpr std::array<std::int64_t, 3> sum_tiles = {1024, 256, 64};
// Threads work on blocks of this many rows of a weight gradient.
constexpr std::int64_t gradient_rows = 512;
// Each thread that runs our own kernel gets at least this many rows.
constexpr std::int64_t own_rows = 128;

template <std::size_t N>
std::int64_t tile_at(const std::array<std::int64_t, N>& tiles, std::int64_t left) {
  return *std::find_if(tiles.begin(), tiles.end(), [&](std::int64_t tile) { return tile <= left; });
}

struct Range {
  std::int64_t begin, size;
};

template <std::size_t N>
std::vector<Range> ladder(const std::array<std::int64_t, N>& tiles, std::int64_t count) {
  std::vector<Range> ranges;
  for (std::int64_t begin = 0; begin < count;) {
    ranges.push_back({begin, tile_at(tiles, count - begin)});
    begin += ranges.back().size;
  }
  return ranges;
}

// Memory that the calling thread keeps, for each side of a product and for its last rows.
enum class Side : std::uint8_t { left, right, last_rows, last_results };

void* scratch_of_thread(Side side, std::int64_t bytes) {
  thread_local std::array<Buffer, 4> scratches;
  Buffer& scratch = scratches[static_cast<std::size_t>(side)];
  if (scratch.tensor().bytes() < bytes) scratch = Buffer(Shape{bytes}, DType::u8);
  return scratch.tensor().data;
}

// The form in which the library gets an operand: unchanged, rounded to bf16 but stored as f32, or
// stored as bf16.
enum class Form : std::uint8_t { itself, rounded, bf16 };

Form form_of(Precision precision, const MatmulLibrary& library) {
  if (precision == Precision::f32) return Form::itself;
  return library.multiplies_bf16() ? Form::bf16 : Form::rounded;
}

std::int64_t bytes_of(Form form) {
  return static_cast<std::int64_t>(form == Form::bf16 ? sizeof(std::uint16_t) : sizeof(float));
}

SWITCHYARD_MULTIVERSION
void round_in_f32(const float* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = value_of_bf16(bf16_of(from[i]));
}

struct Rows {
  const float* data;
  std::int64_t stride, count, cols;
};

void copy_rows(Rows from, Form form, Operand to, std::byte* scratch) {
  for (std::int64_t r = 0; r < from.count; ++r) {
    const float* row = from.data + r * from.stride;
    std::byte* out = scratch + r * to.stride * to.element_bytes;
    if (form == Form::itself) {
      std::memcpy(out, row, static_cast<std::size_t>(from.cols) * sizeof(float));
    } else if (form == Form::rounded) {
      round_in_f32(row, from.cols, reinterpret_cast<float*>(out));
    } else {
      round_to_bf16(row, from.cols, reinterpret_cast<std::uint16_t*>(out));
    }
  }
}

// All threads of the stream make a copy in the scratch memory of the calling thread.
Operand copied(Side side, Rows from, Form form, std::int64_t stride, Stream& stream) {
  constexpr std::int64_t piece = 64;
  auto* scratch =
      static_cast<std::byte*>(scratch_of_thread(side, from.count * stride * bytes_of(form)));
  const Operand copy(scratch, stride, bytes_of(form));
  parallel_for(stream, (from.count + piece - 1) / piece, [&](std::int64_t i) {
    const std::int64_t begin = i * piece;
    copy_rows({from.data + begin * from.stride, from.stride, std::min(piece, from.count - begin),
               from.cols},
              form, copy, scratch + begin * stride * copy.element_bytes);
  });
  return copy;
}

Operand right_operand(const MatmulShape& shape, const float* b, Form form, bool own,
                      Stream& stream) {
  const bool plain = shape.op_b == Op::plain;
  const MatmulLibrary& library = matmul_library(stream);
  const std::int64_t rows = plain ? shape.k : shape.n, cols = plain ? shape.n : shape.k;
  const std::int64_t stride = plain && !own ? library.good_stride(cols) : cols;
  if (form == Form::itself && stride == cols) return {b, cols};
  return copied(Side::right, {b, cols, rows, cols}, form, stride, stream);
}

// Multiplies shape.m rows, fewer than a tile, in a tile that is filled up with zero rows.
void multiply_last_rows(MatmulShape shape, Write write, Operand left, Operand right, float* out,
                        MatmulLibrary& library) {
  const std::int64_t rows = shape.m, row_bytes = left.stride * left.element_bytes;
  shape.m = row_tiles.back();
  void* in = scratch_of_thread(Side::last_rows, shape.m * row_bytes);
  std::memset(in, 0, static_cast<std::size_t>(shape.m * row_bytes));
  std::memcpy(in, left.data, static_cast<std::size_t>(rows * row_bytes));
  const std::int64_t result_bytes = shape.m * shape.n * std::int64_t{sizeof(float)};
  auto* results = static_cast<float*>(scratch_of_thread(Side::last_results, result_bytes));
  if (write == Write::add) {
    std::fill_n(results, shape.m * shape.n, 0.0F);
    std::copy_n(out, rows * shape.n, results);
  }
  library.run(shape, write, {in, left.stride, left.element_bytes}, right, results);
  std::copy_n(results, rows * shape.n, out);
}

// Takes any number of rows, because the bits of our own kernel do not depend on it.
void multiply_rows_own(const MatmulShape& shape, Write write, Operand left, Operand right,
                       float* out, Stream& stream) {
  const std::int64_t threads = stream.num_threads();
  const std::int64_t piece = std::max(own_rows, padded_rows((shape.m + threads - 1) / threads));
  parallel_for(stream, (shape.m + piece - 1) / piece, [&](std::int64_t i) {
    const std::int64_t begin = i * piece;
    MatmulShape part = shape;
    part.m = std::min(piece, shape.m - begin);
    own_matmul(part, write, left.from_row(begin), right, out + begin * shape.n);
  });
}

void multiply_rows_tiled(const MatmulShape& shape, Write write, Operand left, Operand right,
                         float* out, Stream& stream) {
  MatmulLibrary& library = matmul_library(stream);
  const std::int64_t last = shape.m % row_tiles.back(), whole = shape.m - last;
  const std::vector<Range> tiles = ladder(row_tiles, whole);
  parallel_for(stream, std::ssize(tiles) + (last > 0 ? 1 : 0), [&](std::int64_t i) {
    const bool is_last = i == std::ssize(tiles);
    const Range tile = is_last ? Range{whole, last} : tiles[static_cast<std::size_t>(i)];
    const MatmulShape part{tile.size, shape.n, shape.k, Op::plain, shape.op_b};
    const Operand rows = left.from_row(tile.begin);
    float* results = out + tile.begin * shape.n;
    if (is_last) {
      multiply_last_rows(part, write, rows, right, results, library);
    } else {
      library.run(part, write, rows, right, results);
    }
  });
}

// The columns `block` of a [k, m], copied unless they are all of a.
Operand left_columns(const MatmulShape& shape, const float* a, Range block, Form form,
                     Stream& stream) {
  const std::int64_t stride = matmul_library(stream).good_stride(block.size);
  if (form == Form::itself && block.size == shape.m && stride == shape.m) return {a, shape.m};
  void* scratch = scratch_of_thread(Side::left, shape.k * stride * bytes_of(form));
  const Operand copy(scratch, stride, bytes_of(form));
  copy_rows({a + block.begin, shape.m, shape.k, block.size}, form, copy,
            static_cast<std::byte*>(scratch));
  return copy;
}

void multiply_transposed(const MatmulShape& shape, Write write, const float* a, const float* b,
                         float* out, Stream& stream) {
  const Form form = form_of(shape.precision, matmul_library(stream));
  const std::vector<Range> terms = ladder(sum_tiles, shape.k);
  const Operand right = right_operand(shape, b, form, false, stream);
  const std::int64_t num_blocks = (shape.m + gradient_rows - 1) / gradient_rows;
  parallel_for(stream, num_blocks, [&](std::int64_t i) {
    const Range block{i * gradient_rows, std::min(gradient_rows, shape.m - i * gradient_rows)};
    const Operand left = left_columns(shape, a, block, form, stream);
    for (const auto [begin, size] : terms) {
      matmul_library(stream).run({block.size, shape.n, size, Op::transposed, shape.op_b},
                                 begin == 0 ? write : Write::add, left.from_row(begin),
                                 right.from_row(begin), out + block.begin * shape.n);
    }
  });
}

// Adds the last few terms of a weight gradient's sums. Operands in bf16 are rounded but stored as
// f32.
void add_last_terms(const MatmulShape& shape, Write write, const float* a, const float* b,
                    float* out, Stream& stream) {
  const auto operand = [&](Side side, const float* data, std::int64_t cols) {
    if (shape.precision == Precision::f32) return Operand(data, cols);
    return copied(side, {data, cols, shape.k, cols}, Form::rounded, cols, stream);
  };
  own_matmul(shape, write, operand(Side::left, a, shape.m), operand(Side::right, b, shape.n), out);
}

}  // namespace

SWITCHYARD_MULTIVERSION
void round_to_bf16(const float* from, std::int64_t count, std::uint16_t* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = bf16_of(from[i]);
}

void multiply_rows(const MatmulShape& shape, Write write, const float* a, const float* b,
                   float* out, Stream& stream) {
  const MatmulLibrary& library = matmul_library(stream);
  const Form form = form_of(shape.precision, library);
  const bool own = library.leaves_to_own(shape.n, shape.k);
  const Operand right = right_operand(shape, b, form, own, stream);
  const Operand left = form == Form::itself ? Operand(a, shape.k)
                                            : copied(Side::left, {a, shape.k, shape.m, shape.k},
                                                     form, shape.k, stream);
  (own ? multiply_rows_own : multiply_rows_tiled)(shape, write, left, right, out, stream);
}

void multiply_gradient(const MatmulShape& shape, Write write, const float* a, const float* b,
                       float* out, Stream& stream) {
  MatmulShape whole = shape, last = shape;
  last.k = shape.k % sum_tiles.back();
  whole.k = shape.k - last.k;
  if (whole.k > 0) multiply_transposed(whole, write, a, b, out, stream);
  if (last.k == 0) return;
  add_last_terms(last, whole.k > 0 ? Write::add : write, a + whole.k * shape.m,
                 b + whole.k * shape.n, out, stream);
}

}  // namespace switchyard
