// The tables of grouped products for CUTLASS.
#include "runtime/cutlass/grouped_gemm.h"
#include "runtime/device/cuda_queue.h"
#include "runtime/device/cuda_table.h"
#include "runtime/device/kernel.h"
#include "runtime/product/cuda_product_ops.h"

namespace switchyard {
namespace {

struct GemmTables {
  std::vector<GemmShape> shapes;
  std::vector<const std::uint16_t*> a, b;
  std::vector<float*> out;

  // A group without rows has no entry: its result is empty, or nothing is added to it.
  void add(GemmShape shape, const std::uint16_t* left, const std::uint16_t* right, float* to) {
    if (shape.m == 0 || shape.k == 0) return;
    shapes.push_back(shape);
    a.push_back(left);
    b.push_back(right);
    out.push_back(to);
  }
};

// a_stride, b_stride, out_stride: of all groups.
void multiply_tables(GemmForm form, const GemmTables& tables, Write write, std::int64_t a_stride,
                     std::int64_t b_stride, std::int64_t out_stride, Stream& stream) {
  if (tables.shapes.empty()) return;
  Arena& scratch = cuda_queue(stream).scratch();
  const auto strides = [&](std::int64_t stride) {
    return on_gpu(std::vector<std::int64_t>(tables.shapes.size(), stride), scratch, stream);
  };
  multiply_by_cutlass({form, static_cast<std::int32_t>(tables.shapes.size()), write == Write::add,
                       on_gpu(tables.shapes, scratch, stream), on_gpu(tables.a, scratch, stream),
                       on_gpu(tables.b, scratch, stream), on_gpu(tables.out, scratch, stream),
                       strides(a_stride), strides(b_stride), strides(out_stride)},
                      scratch, stream);
}

const std::uint16_t* rounded(Tensor rows, Stream& stream) {
  const Tensor to = cuda_queue(stream).scratch().take(rows.shape, DType::bf16);
  cuda_product_ops().round_to_bf16(rows, to, stream);
  return device_data<std::uint16_t>(to);
}

}  // namespace

bool multiplies_by_cutlass(const Stream& stream) {
  return stream.inexact_groups() && cutlass_runs_on(stream.device());
}

void multiply_groups_by_cutlass(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out,
                                Write write, Stream& stream) {
  const auto n = static_cast<std::int32_t>(out.cols()), k = static_cast<std::int32_t>(a.cols());
  const std::uint16_t* rows = rounded(a, stream);
  auto* to = device_data<float>(out);
  GemmTables tables;
  for (const auto& [begin, end, matrix] : groups)
    tables.add({static_cast<std::int32_t>(end - begin), n, k}, rows + begin * k,
               device_data<std::uint16_t>(matrix), to + begin * n);
  const bool transposed = op_b == Op::transposed;
  multiply_tables(transposed ? GemmForm::rows : GemmForm::rows_backward, tables, write, k,
                  transposed ? k : n, n, stream);
  cuda_queue(stream).scratch().reset();
}

// The first addends of all sums in one launch, then the second ones: no two may add to one sum at
// once.
void add_gradient_groups_by_cutlass(Tensor a, Tensor b, const GradientSums& sums, Stream& stream) {
  const auto m = static_cast<std::int32_t>(a.cols()), n = static_cast<std::int32_t>(b.cols());
  const std::uint16_t *left = rounded(a, stream), *right = rounded(b, stream);
  std::int32_t most = 0;
  for (const GradientGroup& group : sums.groups) most = std::max(most, group.num_ranges);
  for (std::int32_t i = 0; i < most; ++i) {
    GemmTables tables;
    for (const auto& [sum, first, count] : sums.groups) {
      if (i >= count) continue;
      const auto [begin, end] = sums.ranges[static_cast<std::size_t>(first + i)];
      tables.add({m, n, static_cast<std::int32_t>(end - begin)}, left + begin * m,
                 right + begin * n, device_data<float>(sum));
    }
    multiply_tables(GemmForm::gradient, tables, Write::add, m, n, n, stream);
  }
  cuda_queue(stream).scratch().reset();
}

}  // namespace switchyard
