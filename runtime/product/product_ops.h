// Matrix products as a device computes them.
#pragma once

#include <span>

#include "runtime/product/grouped_matmul.h"
#include "runtime/product/matmul.h"

namespace switchyard {

class ProductOps {
 public:
  virtual ~ProductOps() = default;
  static ProductOps& on(Device device);

  // matmul() without its checks: m, n and k are not 0.
  virtual void multiply(const MatmulShape& shape, Write write, Tensor a, Tensor b, Tensor out,
                        Stream& stream) = 0;

  // Whether b of a product in bf16 may be rounded in advance, if its rows are whole pieces of
  // operand_elements.
  virtual bool multiplies_rounded() const = 0;
  // in: f32, out: bf16, both of whole pieces of operand_elements.
  virtual void round_to_bf16(Tensor in, Tensor out, Stream& stream) = 0;

  // Whether products of rows of k elements by matrices of n columns are made in one launch. A
  // function of the sizes and the precision alone, never of the rows, so that exact mode's bits do
  // not depend on the layout.
  virtual bool groups_go_together(std::int64_t n, std::int64_t k, Precision precision) const = 0;
  // matmul_groups(), for at least one group.
  virtual void multiply_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out,
                               Write write, Stream& stream, Precision precision) = 0;
  // a and b: f32, with the rows that `sums.ranges` names.
  virtual void add_gradient_groups(Tensor a, Tensor b, const GradientSums& sums, Stream& stream,
                                   Precision precision) = 0;
};

// The last two as one product after another, which any device can do.
void multiply_one_by_one(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out,
                         Write write, Stream& stream, Precision precision);
void add_gradients_one_by_one(Tensor a, Tensor b, const GradientSums& sums, Stream& stream,
                              Precision precision);

}  // namespace switchyard
