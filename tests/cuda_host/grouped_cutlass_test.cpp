// Grouped products of bf16 by CUTLASS against those of our own kernels. On the emulated GPU loops
// take CUTLASS's place, and the tables are what is tested.
#include "runtime/cutlass/grouped_gemm.h"
#include "runtime/product/product_ops.h"
#include "tests/cuda_host/pair.h"

namespace switchyard {
namespace grouped_cutlass_test {

struct Case {
  std::vector<std::int64_t> rows;  // of each group
  std::int64_t k, n;
};

// No rows at all, groups without rows, of one row, of counts that no tile divides.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {{0}, 8, 8}, {{1}, 8, 24}, {{0, 1, 37, 0, 0, 16}, 40, 136}, {{200, 0, 1, 130}, 72, 264}};
  return all;
}

std::vector<RowRange> ranges_of(const Case& c) {
  std::vector<RowRange> ranges;
  std::int64_t begin = 0;
  for (const std::int64_t rows : c.rows) {
    ranges.push_back({begin, begin + rows});
    begin += rows;
  }
  return ranges;
}

struct Streams {
  Stream ours = Stream::cuda(Device::cuda(0)), cutlass = Stream::cuda(Device::cuda(0));
  Streams() {
    cutlass.allow_inexact_groups(true);
    EXPECT_TRUE(cutlass_runs_on(Device::cuda(0)));
  }
};

void expect_near(const Pair& ours, const Pair& cutlass) {
  const auto a = ours.device_values<float>(), b = cutlass.device_values<float>();
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_NEAR(a[i], b[i], 1e-4 * (1 + std::abs(a[i]))) << "element " << i;
}

TEST(GroupedCutlass, ProductsOfRows) {
  Streams streams;
  for (const Case& c : cases()) {
    const std::vector<RowRange> ranges = ranges_of(c);
    const std::int64_t rows = ranges.back().end;
    for (const Op op : {Op::transposed, Op::plain}) {
      const Pair a = Pair::normals({rows, c.k}, 1);
      const Shape shape = op == Op::plain ? Shape{c.k, c.n} : Shape{c.n, c.k};
      std::vector<Buffer> matrices;
      std::vector<RowGroup> groups;
      for (std::size_t g = 0; g < ranges.size(); ++g) {
        matrices.emplace_back(shape, DType::bf16, Device::cuda(0));
        const Pair matrix = Pair::normals(shape, 2 + g);
        ProductOps::on(Device::cuda(0))
            .round_to_bf16(matrix.on(Device::cuda(0)), matrices[g], streams.ours);
        streams.ours.synchronize();
        groups.push_back({ranges[g].begin, ranges[g].end, matrices[g]});
      }
      for (const Write write : {Write::replace, Write::add}) {
        const Pair ours = Pair::normals({rows, c.n}, 9), cutlass = Pair::normals({rows, c.n}, 9);
        for (const auto& [stream, out] :
             {std::pair(&streams.ours, &ours), std::pair(&streams.cutlass, &cutlass)}) {
          matmul_groups(a.on(Device::cuda(0)), op, groups, out->on(Device::cuda(0)), write, *stream,
                        Precision::bf16);
          stream->synchronize();
        }
        expect_near(ours, cutlass);
      }
    }
  }
}

// Groups of even number add to one sum, those of odd number to another, and nothing to a third.
TEST(GroupedCutlass, Gradients) {
  Streams streams;
  for (const Case& c : cases()) {
    const std::vector<RowRange> all = ranges_of(c);
    const std::int64_t rows = all.back().end;
    const Pair a = Pair::normals({rows, c.n}, 1), b = Pair::normals({rows, c.k}, 2);
    const Pair ours = Pair::normals({3 * c.n, c.k}, 3), cutlass = Pair::normals({3 * c.n, c.k}, 3);
    std::vector<RowRange> ranges;
    for (std::size_t odd = 0; odd < 2; ++odd)
      for (std::size_t g = odd; g < all.size(); g += 2) ranges.push_back(all[g]);
    const auto num_even = static_cast<std::int32_t>((all.size() + 1) / 2);
    const auto num_odd = static_cast<std::int32_t>(all.size()) - num_even;
    for (const auto& [stream, sums] :
         {std::pair(&streams.ours, &ours), std::pair(&streams.cutlass, &cutlass)}) {
      const Tensor to = sums->on(Device::cuda(0));
      const std::vector<GradientGroup> groups = {{to.row_range(0, c.n), 0, num_even},
                                                 {to.row_range(c.n, 2 * c.n), num_even, num_odd},
                                                 {to.row_range(2 * c.n, 3 * c.n), 0, 0}};
      ProductOps::on(Device::cuda(0))
          .add_gradient_groups(a.on(Device::cuda(0)), b.on(Device::cuda(0)),
                               {groups, ranges, {}, {}, {}}, *stream, Precision::bf16);
      stream->synchronize();
    }
    expect_near(ours, cutlass);
  }
}

// Exact mode allows no stream to depend on the grouping.
TEST(GroupedCutlass, IsUsedOnlyWhereAsked) {
  const Stream stream = Stream::cuda(Device::cuda(0));
  EXPECT_FALSE(stream.inexact_groups());
}

}  // namespace grouped_cutlass_test
}  // namespace switchyard
