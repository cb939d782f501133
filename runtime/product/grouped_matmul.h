// The products of many experts at once: rows stand together, and each group of them has a matrix of
// its own. On a GPU one launch makes them all, without padding; hundreds of small products would
// wait for their launches.
#pragma once

#include <span>

#include "runtime/exact_sum.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// Rows [begin, end) of what stands together; on a GPU multiples of row_tile.
struct RowGroup {
  std::int64_t begin, end;
  Tensor matrix;
};

// out[rows] (= or +=) a[rows] op_b(matrix) for each group, as matmul does. The matrices have one
// shape, and are f32 or, all of them, bf16 (Params::operand).
void matmul_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                   Stream& stream, Precision precision);

// Where one matrix's gradient is summed: f32 or i64 fixed point. Its addends are a[rows]^T b[rows],
// one for each of `num_ranges` ranges from `first_range` on.
struct GradientGroup {
  Tensor sum;
  std::int32_t first_range, num_ranges;
};
struct RowRange {
  std::int64_t begin, end;
};
struct GradientSums {
  std::span<const GradientGroup> groups;
  std::span<const RowRange> ranges;
  FixedPoint format;  // of i64 sums
  Tensor misfit;      // see RuntimeOps::add_fixed
};

// Whether products of a [rows, k] by matrices of n columns go together on the stream, that is in
// one launch. A function of the sizes and the precision alone, never of the rows, so that exact
// mode's bits do not depend on the layout.
bool products_go_together(std::int64_t n, std::int64_t k, Precision precision, Stream& stream);

}  // namespace switchyard
