// The products of many experts at once: each group of consecutive rows has its own matrix. On a GPU
// one launch computes them all, without padding; hundreds of small products would wait for their
// launches.
#pragma once

#include <span>

#include "runtime/exact_sum.h"
#include "runtime/product/matmul.h"

namespace switchyard {

// Rows [begin, end); on a GPU both are multiples of row_tile.
struct RowGroup {
  std::int64_t begin, end;
  Tensor matrix;
};

// out[rows] (= or +=) a[rows] op_b(matrix) for each group, as matmul does. All matrices have one
// shape and one element type, f32 or bf16 (Params::operand).
void matmul_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                   Stream& stream, Precision precision);

// The sum of one matrix's gradient, in f32 or i64 fixed point. Its addends are a[rows]^T b[rows],
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
  Tensor scratch;     // f32, for one addend; used for i64 sums
};

}  // namespace switchyard
