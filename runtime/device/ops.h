// Element-wise ops and sums of rows, which every room needs.
#pragma once

#include "runtime/device/stream.h"
#include "runtime/exact_sum.h"
#include "runtime/tensor.h"

namespace switchyard {

// Rows are summed in chunks of this many, in order, and the chunks' sums pairwise: neighbours, then
// neighbouring sums, and so on. The bits depend on the rows alone.
inline constexpr std::int64_t rows_per_sum = 64;
constexpr std::int64_t num_row_sums(std::int64_t rows) {
  return (rows + rows_per_sum - 1) / rows_per_sum;
}

class RuntimeOps {
 public:
  virtual ~RuntimeOps() = default;
  static RuntimeOps& on(
      Device device);  // Errors: Exit::usage if this build has no kernels for the device.

  virtual void zero(Tensor out, Stream& stream) = 0;                   // any dtype
  virtual void copy(Tensor in, Tensor out, Stream& stream) = 0;        // same bytes
  virtual void add(Tensor in, Tensor inout, Stream& stream) = 0;       // inout += in, f32 or i64
  virtual void scale(float factor, Tensor inout, Stream& stream) = 0;  // inout *= factor, f32
  // Adds in to sum in fixed point (runtime/exact_sum.h). in: f32; sum: i64. misfit: [1] i32,
  // becomes 1 if an element of `in` is not finite or not below the limit.
  virtual void add_fixed(Tensor in, const FixedPoint& format, Tensor sum, Tensor misfit,
                         Stream& stream) = 0;

  // inout[r] += row for every row r, f32. row: [n], inout: [rows, n].
  virtual void add_to_rows(Tensor row, Tensor inout, Stream& stream) = 0;
  // out = the sum of the rows of `in`, f32. in: [rows, n]; sums: scratch, [num_row_sums(rows), n];
  // out: [n].
  virtual void sum_rows(Tensor in, Tensor sums, Tensor out, Stream& stream) = 0;
  // out = the sum of chunks' sums, f32. sums: [chunks, n], overwritten; out: [n], 0 without chunks.
  virtual void join_row_sums(Tensor sums, Tensor out, Stream& stream) = 0;
};

}  // namespace switchyard
