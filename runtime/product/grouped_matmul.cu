// The products of many experts in one launch. A block computes a tile of one expert's rows, or of
// one expert's gradient.
#include "runtime/product/grouped_matmul.h"

#include "runtime/device/cuda_table.h"
#include "runtime/fixed_add.h"
#include "runtime/product/cuda_operands.h"
#include "runtime/product/cuda_product_ops.h"
#include "runtime/tile/product_tile.h"

namespace switchyard {
namespace {

// Rows of one group, at most as many as a tile has.
struct RowTile {
  std::int64_t begin;
  std::int32_t rows, group;
};

template <class Element>
struct RowsCall {
  const Element* a;
  const Element* const* matrices;
  const RowTile* tiles;
  float* out;
  int k, n, col_tiles;
  bool add;
};

template <class Math, Lies right, int rows>
using RowTiles = ProductTiles<Math, Lies::along_k, right, rows>;

// Blocks that share a multiprocessor: with 256 threads, 128 registers each are left.
constexpr int blocks_at_once(int threads) { return threads == 256 ? 2 : 3; }

// A block computes up to `rows` rows of one group and 128 columns. Blocks that read the same rows
// run together, so that these come from memory once.
template <class Math, Lies right, int rows>
__global__ void __launch_bounds__(RowTiles<Math, right, rows>::threads,
                                  blocks_at_once(RowTiles<Math, right, rows>::threads))
    grouped_rows_kernel(RowsCall<typename Math::Element> call) {
  using Operand = TileOperand<typename Math::Element>;
  using Tiles = RowTiles<Math, right, rows>;
  constexpr bool along = right == Lies::along_k;
  const int block = static_cast<int>(blockIdx.x), col = block % call.col_tiles * product_cols;
  const RowTile tile = call.tiles[block / call.col_tiles];
  const Operand a{call.a + tile.begin * call.k, call.k, tile.rows, call.k};
  const Operand b{call.matrices[tile.group] + (along ? std::int64_t{col} * call.k : col),
                  along ? call.k : call.n, call.n - col, call.k};
  TileSums sums;
  Tiles::add(a, b, sums);
  float* out = call.out + tile.begin * call.n + col;
  const auto for_each = [&](auto use) {
    Tiles::for_each(sums, tile.rows, b.lines,
                    [&](int r, int c, float sum) { use(out[std::int64_t{r} * call.n + c], sum); });
  };
  if (call.add) {
    for_each([](float& to, float sum) { to += sum; });
  } else {
    for_each([](float& to, float sum) { to = sum; });
  }
}

struct SumPlace {
  void* sum;
  std::int32_t first_range, num_ranges;
};

template <class Element>
struct GradientCall {
  const Element* a;
  const Element* b;
  const SumPlace* groups;
  const RowRange* ranges;
  FixedAdd fixed;
  int m, n, row_tiles;
};

__device__ inline void add_to(const FixedAdd&, float value, float& sum) { sum += value; }
__device__ inline void add_to(const FixedAdd& fixed, float value, std::int64_t& sum) {
  fixed.add(value, sum);
}

// With 128 rows, TF32's rounding would spill registers.
template <class Math>
constexpr int gradient_rows = std::is_same_v<Math, MathTf32> ? 64 : 128;
template <class Math>
using GradientTiles = ProductTiles<Math, Lies::across_k, Lies::across_k, gradient_rows<Math>>;

// A block computes a tile of the gradient of group blockIdx.y. No other block adds there.
template <class Math, class Sum>
__global__ void __launch_bounds__(GradientTiles<Math>::threads,
                                  blocks_at_once(GradientTiles<Math>::threads))
    grouped_gradient_kernel(GradientCall<typename Math::Element> call) {
  using Operand = TileOperand<typename Math::Element>;
  using Tiles = GradientTiles<Math>;
  const SumPlace group = call.groups[blockIdx.y];
  const int block = static_cast<int>(blockIdx.x);
  const int row = block % call.row_tiles * gradient_rows<Math>;
  const int col = block / call.row_tiles * product_cols;
  auto* out = static_cast<Sum*>(group.sum) + std::int64_t{row} * call.n + col;
  for (int i = 0; i < group.num_ranges; ++i) {
    const RowRange range = call.ranges[group.first_range + i];
    const int depth = static_cast<int>(range.end - range.begin);
    const Operand a{call.a + range.begin * call.m + row, call.m, call.m - row, depth};
    const Operand b{call.b + range.begin * call.n + col, call.n, call.n - col, depth};
    TileSums sums;
    Tiles::add(a, b, sums);
    Tiles::for_each(sums, a.lines, b.lines, [&](int r, int c, float sum) {
      add_to(call.fixed, sum, out[std::int64_t{r} * call.n + c]);
    });
    __syncthreads();  // the next range overwrites what this one reads
  }
}

template <class Element>
const Element* operand_of(Tensor rows, CudaQueue& queue, Stream& stream) {
  if constexpr (std::is_same_v<Element, float>) {
    return device_data<float>(rows);
  } else {
    const Tensor rounded = queue.scratch().take(rows.shape, DType::bf16);
    cuda_product_ops().round_to_bf16(rows, rounded, stream);
    return device_data<Element>(rounded);
  }
}

template <class Math, Lies right, int rows>
void multiply_in_tiles(Tensor a, std::span<const RowGroup> groups, Tensor out, Write write,
                       CudaQueue& queue, Stream& stream) {
  using Element = typename Math::Element;
  using Tiles = RowTiles<Math, right, rows>;
  std::vector<RowTile> tiles;
  std::vector<const Element*> matrices;
  for (const auto& [begin, end, matrix] : groups) {
    for (std::int64_t row = begin; row < end; row += rows) {
      const auto count = static_cast<std::int32_t>(std::min<std::int64_t>(rows, end - row));
      tiles.push_back({row, count, static_cast<std::int32_t>(matrices.size())});
    }
    matrices.push_back(device_data<Element>(matrix));
  }
  const std::int64_t col_tiles = ceil_div(out.cols(), product_cols);
  const RowsCall<Element> call{operand_of<Element>(a, queue, stream),
                               on_gpu(matrices, queue.scratch(), stream),
                               on_gpu(tiles, queue.scratch(), stream),
                               device_data<float>(out),
                               static_cast<int>(a.cols()),
                               static_cast<int>(out.cols()),
                               static_cast<int>(col_tiles),
                               write == Write::add};
  launch(grouped_rows_kernel<Math, right, rows>,
         {.blocks = std::ssize(tiles) * col_tiles,
          .threads = Tiles::threads,
          .shared_bytes = Tiles::shared_bytes},
         stream, call);
}

// Tiles of 128 rows read matrices half as often, but more of their rows are empty where groups are
// small. Their bits are the same.
template <class Math, Lies right>
void multiply_rows_of_groups(Tensor a, std::span<const RowGroup> groups, Tensor out, Write write,
                             CudaQueue& queue, Stream& stream) {
  constexpr int tall = 128, low = 64;
  const auto multiply = a.rows() >= 2 * tall * std::ssize(groups)
                            ? multiply_in_tiles<Math, right, tall>
                            : multiply_in_tiles<Math, right, low>;
  multiply(a, groups, out, write, queue, stream);
}

template <class Math>
void add_gradients_of_groups(Tensor a, Tensor b, const GradientSums& to, CudaQueue& queue,
                             Stream& stream) {
  using Element = typename Math::Element;
  std::vector<SumPlace> groups;
  for (const GradientGroup& group : to.groups)
    groups.push_back({group.sum.data, group.first_range, group.num_ranges});
  const int m = static_cast<int>(a.cols()), n = static_cast<int>(b.cols());
  const int row_tiles = (m + gradient_rows<Math> - 1) / gradient_rows<Math>;
  const bool fixed = to.groups.front().sum.dtype == DType::i64;
  const GradientCall<Element> call{
      operand_of<Element>(a, queue, stream),
      operand_of<Element>(b, queue, stream),
      on_gpu(groups, queue.scratch(), stream),
      on_gpu(std::vector<RowRange>(to.ranges.begin(), to.ranges.end()), queue.scratch(), stream),
      {to.format.scale(), to.format.limit, fixed ? device_data<std::int32_t>(to.misfit) : nullptr},
      m,
      n,
      row_tiles};
  const Grid grid{.blocks = row_tiles * ceil_div(n, product_cols),
                  .threads = GradientTiles<Math>::threads,
                  .blocks_y = std::ssize(groups),
                  .shared_bytes = GradientTiles<Math>::shared_bytes};
  if (fixed) {
    launch(grouped_gradient_kernel<Math, std::int64_t>, grid, stream, call);
  } else {
    launch(grouped_gradient_kernel<Math, float>, grid, stream, call);
  }
}

// Calls body(Math{}) with the arithmetic of the products.
template <class Body>
void with_math(bool bf16, const CudaQueue& queue, Body body) {
  if (bf16) {
    body(MathBf16{});
  } else if (queue.tf32()) {
    body(MathTf32{});
  } else {
    body(MathF32{});
  }
}

}  // namespace

bool CudaProductOps::groups_go_together(std::int64_t n, std::int64_t k, Precision precision) const {
  // Reading a larger matrix takes longer than a launch, and one product with it fills a GPU, so the
  // library's kernels should be faster. This limit has not been measured.
  constexpr std::int64_t max_elements = std::int64_t{1} << 24;
  return precision != Precision::int8 && n % operand_elements == 0 && k % operand_elements == 0 &&
         n * k <= max_elements;
}

void CudaProductOps::multiply_groups(Tensor a, Op op_b, std::span<const RowGroup> groups,
                                     Tensor out, Write write, Stream& stream, Precision precision) {
  const bool rounded = groups.front().matrix.dtype == DType::bf16;
  if (!groups_go_together(out.cols(), a.cols(), precision) ||
      rounded != (precision == Precision::bf16)) {
    multiply_one_by_one(a, op_b, groups, out, write, stream, precision);
    return;
  }
  if (rounded && multiplies_by_cutlass(stream)) {
    multiply_groups_by_cutlass(a, op_b, groups, out, write, stream);
    return;
  }
  CudaQueue& queue = cuda_queue(stream);
  with_math(rounded, queue, [&](auto math) {
    using Math = decltype(math);
    const auto multiply = op_b == Op::transposed ? multiply_rows_of_groups<Math, Lies::along_k>
                                                 : multiply_rows_of_groups<Math, Lies::across_k>;
    multiply(a, groups, out, write, queue, stream);
  });
  queue.scratch().reset();
}

void CudaProductOps::add_gradient_groups(Tensor a, Tensor b, const GradientSums& sums,
                                         Stream& stream, Precision precision) {
  if (sums.groups.empty()) return;
  if (!groups_go_together(b.cols(), a.cols(), precision)) {
    add_gradients_one_by_one(a, b, sums, stream, precision);
    return;
  }
  const bool in_f32 = sums.groups.front().sum.dtype == DType::f32;
  if (precision == Precision::bf16 && in_f32 && multiplies_by_cutlass(stream)) {
    add_gradient_groups_by_cutlass(a, b, sums, stream);
    return;
  }
  CudaQueue& queue = cuda_queue(stream);
  with_math(precision == Precision::bf16, queue,
            [&](auto math) { add_gradients_of_groups<decltype(math)>(a, b, sums, queue, stream); });
  queue.scratch().reset();
}

ProductOps& cuda_product_ops() {
  static CudaProductOps ops;
  return ops;
}

}  // namespace switchyard
