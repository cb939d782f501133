#include "runtime/matmul.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/matmul_library.h"

namespace switchyard {
namespace {

// Rows of a product go in tiles of these sizes, so that the library sees a finite set of shapes: a
// new shape costs it a tenth of a millisecond, and the split of a row count into tiles must not
// depend on anything else.
constexpr std::array<std::int64_t, 3> row_tiles = {256, 64, 16};
constexpr std::array<std::int64_t, 4> sum_tiles = {1024, 256, 64, 16};
// Weight gradients are cut into blocks of this many rows of `out`, the unit of work of a thread.
constexpr std::int64_t gradient_rows = 512;

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

// Memory that stays with the calling thread, a piece for each side of a product.
enum class Side : std::uint8_t { left, right };

float* room_of_thread(Side side, std::int64_t size) {
  thread_local std::array<Buffer, 2> rooms;
  Buffer& room = rooms[static_cast<std::size_t>(side)];
  if (room.tensor().size() < size) room = Buffer(Shape{size}, DType::f32);
  return room.tensor().as<float>();
}

void copy_rows(const float* from, std::int64_t from_stride, std::int64_t rows, std::int64_t cols,
               float* to, std::int64_t to_stride) {
  for (std::int64_t r = 0; r < rows; ++r) {
    std::copy_n(from + r * from_stride, cols, to + r * to_stride);
  }
}

// The right operand of a product, copied to a better stride where that pays.
Operand right_operand(const MatmulShape& shape, const float* b, Stream& stream) {
  if (shape.op_b == Op::transposed) return {b, shape.k};
  const std::int64_t stride = stream.matmul_library().good_stride(shape.n);
  if (stride == shape.n) return {b, shape.n};
  float* copy = room_of_thread(Side::right, shape.k * stride);
  const std::int64_t piece = 64;
  parallel_for(stream, (shape.k + piece - 1) / piece, [&](std::int64_t i) {
    const std::int64_t begin = i * piece;
    copy_rows(b + begin * shape.n, shape.n, std::min(piece, shape.k - begin), shape.n,
              copy + begin * stride, stride);
  });
  return {copy, stride};
}

void multiply_rows(const MatmulShape& shape, Write write, const float* a, const float* b,
                   float* out, Stream& stream) {
  const std::vector<Range> tiles = ladder(row_tiles, shape.m);
  const Operand right = right_operand(shape, b, stream);
  parallel_for(stream, static_cast<std::int64_t>(tiles.size()), [&](std::int64_t i) {
    const auto [begin, size] = tiles[static_cast<std::size_t>(i)];
    stream.matmul_library().run({size, shape.n, shape.k, Op::plain, shape.op_b}, write,
                                {a + begin * shape.k, shape.k}, right, out + begin * shape.n);
  });
}

// Columns `block` of a [k, m], with rows of their own where they are not all of a.
Operand left_columns(const MatmulShape& shape, const float* a, Range block, Stream& stream) {
  const std::int64_t stride = stream.matmul_library().good_stride(block.size);
  if (block.size == shape.m && stride == shape.m) return {a, shape.m};
  float* copy = room_of_thread(Side::left, shape.k * stride);
  copy_rows(a + block.begin, shape.m, shape.k, block.size, copy, stride);
  return {copy, stride};
}

void multiply_transposed(const MatmulShape& shape, Write write, const float* a, const float* b,
                         float* out, Stream& stream) {
  const std::vector<Range> terms = ladder(sum_tiles, shape.k);
  const Operand right = right_operand(shape, b, stream);
  const std::int64_t num_blocks = (shape.m + gradient_rows - 1) / gradient_rows;
  parallel_for(stream, num_blocks, [&](std::int64_t i) {
    const Range block{i * gradient_rows, std::min(gradient_rows, shape.m - i * gradient_rows)};
    const Operand left = left_columns(shape, a, block, stream);
    for (const auto [begin, size] : terms) {
      stream.matmul_library().run(
          {block.size, shape.n, size, Op::transposed, shape.op_b}, begin == 0 ? write : Write::add,
          {left.data + begin * left.stride, left.stride},
          {right.data + begin * right.stride, right.stride}, out + block.begin * shape.n);
    }
  });
}

}  // namespace

void matmul(Tensor a, Op op_a, Tensor b, Op op_b, Tensor out, Write write, Stream& stream) {
  const std::int64_t m = out.rows(), n = out.cols();
  const std::int64_t k = op_a == Op::plain ? a.cols() : a.rows();
  require((op_a == Op::plain ? a.rows() : a.cols()) == m, "matmul: a is {}, out is {}", a.shape,
          out.shape);
  require((op_b == Op::plain ? b.rows() : b.cols()) == k &&
              (op_b == Op::plain ? b.cols() : b.rows()) == n,
          "matmul: a is {}, b is {}, out is {}", a.shape, b.shape, out.shape);
  require((op_a == Op::plain ? m : k) % row_tile == 0, "matmul: {} rows are not a multiple of {}",
          op_a == Op::plain ? m : k, row_tile);
  require(op_a == Op::plain || op_b == Op::plain, "matmul: both operands transposed");
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (write == Write::replace) std::memset(out.data, 0, static_cast<std::size_t>(out.bytes()));
    return;
  }
  const MatmulShape shape{m, n, k, op_a, op_b};
  (op_a == Op::plain ? multiply_rows : multiply_transposed)(shape, write, a.as<float>(),
                                                            b.as<float>(), out.as<float>(), stream);
}

}  // namespace switchyard
