// The products of many experts in one launch. A block computes a tile of one expert's rows, or of
// one expert's gradient.
#include "runtime/product/grouped_matmul.h"

#include "runtime/product/cuda_product_ops.h"
#include "runtime/product/cuda_operands.h"
#include "runtime/device/cuda_table.h"
#include "runtime/fixed_add.h"
#include "runtime/tile/product_tile.h"

namespace switchyard {
namespace {

// Up to product_rows rows of one group.
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
  std::int64_t k, n;
  bool add;
};

// A block computes tile blockIdx.x of the rows and 128 columns of the result.
template <class Math, Lies right>
__global__ void __launch_bounds__(product_threads)
    grouped_rows_kernel(RowsCall<typename Math::Element> call) {
  using Operand = TileOperand<typename Math::Element>;
  using Tiles = ProductTiles<Math, Lies::along_k, right>;
  constexpr bool along = right == Lies::along_k;
  const RowTile tile = call.tiles[blockIdx.x];
  const std::int64_t col = std::int64_t{blockIdx.y} * product_cols;
  const Operand a{call.a + tile.begin * call.k, call.k, tile.rows, call.k};
  const Operand b{call.matrices[tile.group] + (along ? col * call.k : col), along ? call.k : call.n,
                  call.n - col, call.k};
  TileSums sums;
  Tiles::add(a, b, sums);
  float* out = call.out + tile.begin * call.n + col;
  Tiles::for_each(sums, a.lines, b.lines, [&](int r, int c, float sum) {
    float& to = out[r * call.n + c];
    to = call.add ? to + sum : sum;
  });
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
  std::int64_t m, n, row_tiles;
};

__device__ inline void add_to(const FixedAdd&, float value, float& sum) { sum += value; }
__device__ inline void add_to(const FixedAdd& fixed, float value, std::int64_t& sum) {
  fixed.add(value, sum);
}

// A block computes a tile of the gradient of group blockIdx.y. No other block adds there.
template <class Math, class Sum>
__global__ void __launch_bounds__(product_threads)
    grouped_gradient_kernel(GradientCall<typename Math::Element> call) {
  using Operand = TileOperand<typename Math::Element>;
  using Tiles = ProductTiles<Math, Lies::across_k, Lies::across_k>;
  const SumPlace group = call.groups[blockIdx.y];
  const std::int64_t row = blockIdx.x % call.row_tiles * product_rows;
  const std::int64_t col = blockIdx.x / call.row_tiles * product_cols;
  const std::int64_t left = call.m - row;
  auto* out = static_cast<Sum*>(group.sum) + row * call.n + col;
  for (int i = 0; i < group.num_ranges; ++i) {
    const RowRange range = call.ranges[group.first_range + i];
    const std::int64_t depth = range.end - range.begin;
    const Operand a{call.a + range.begin * call.m + row, call.m,
                    left < product_rows ? left : product_rows, depth};
    const Operand b{call.b + range.begin * call.n + col, call.n, call.n - col, depth};
    TileSums sums;
    Tiles::add(a, b, sums);
    Tiles::for_each(sums, a.lines, b.lines,
                    [&](int r, int c, float sum) { add_to(call.fixed, sum, out[r * call.n + c]); });
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

template <class Math>
void multiply_rows_of_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out,
                             Write write, CudaQueue& queue, Stream& stream) {
  using Element = typename Math::Element;
  std::vector<RowTile> tiles;
  std::vector<const Element*> matrices;
  for (const auto& [begin, end, matrix] : groups) {
    for (std::int64_t row = begin; row < end; row += product_rows) {
      const auto rows = static_cast<std::int32_t>(std::min<std::int64_t>(product_rows, end - row));
      tiles.push_back({row, rows, static_cast<std::int32_t>(matrices.size())});
    }
    matrices.push_back(device_data<Element>(matrix));
  }
  const RowsCall<Element> call{operand_of<Element>(a, queue, stream),
                               on_gpu(matrices, queue.scratch(), stream),
                               on_gpu(tiles, queue.scratch(), stream),
                               device_data<float>(out),
                               a.cols(),
                               out.cols(),
                               write == Write::add};
  Grid grid{.blocks = std::ssize(tiles),
            .threads = product_threads,
            .blocks_y = ceil_div(out.cols(), product_cols)};
  if (op_b == Op::transposed) {
    grid.shared_bytes = ProductTiles<Math, Lies::along_k, Lies::along_k>::shared_bytes;
    launch(grouped_rows_kernel<Math, Lies::along_k>, grid, stream, call);
  } else {
    grid.shared_bytes = ProductTiles<Math, Lies::along_k, Lies::across_k>::shared_bytes;
    launch(grouped_rows_kernel<Math, Lies::across_k>, grid, stream, call);
  }
}

template <class Math>
void add_gradients_of_groups(Tensor a, Tensor b, const GradientSums& to, CudaQueue& queue,
                             Stream& stream) {
  using Element = typename Math::Element;
  std::vector<SumPlace> groups;
  for (const GradientGroup& group : to.groups)
    groups.push_back({group.sum.data, group.first_range, group.num_ranges});
  const std::int64_t m = a.cols(), n = b.cols(), row_tiles = ceil_div(m, product_rows);
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
                  .threads = product_threads,
                  .blocks_y = std::ssize(groups),
                  .shared_bytes = ProductTiles<Math, Lies::across_k, Lies::across_k>::shared_bytes};
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
  CudaQueue& queue = cuda_queue(stream);
  with_math(rounded, queue, [&](auto math) {
    multiply_rows_of_groups<decltype(math)>(a, op_b, groups, out, write, queue, stream);
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
