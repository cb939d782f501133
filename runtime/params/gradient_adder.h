// GradientAdder: how addends become a gradient. In exact mode they are summed in 64-bit fixed
// point, so that no order of adding changes a bit; otherwise in f32.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/device/stream.h"
#include "runtime/exact_sum.h"
#include "runtime/product/grouped_matmul.h"
#include "runtime/tensor.h"

namespace switchyard {

// Rows whose product is one addend of `gradient`.
struct GradientAddend {
  Tensor gradient;
  RowRange rows;
};

class GradientAdder {
 public:
  GradientAdder() = default;
  // max_elements: of one gradient. format: of exact sums.
  GradientAdder(bool exact, const FixedPoint& format, std::int64_t max_elements, Device device);

  // gradient += a^T b, in one product; one addend.
  void add_product(Tensor a, Tensor b, Tensor gradient, Stream& stream, Precision precision);
  // The same for many gradients of one shape: adds a[rows]^T b[rows] for each addend, those of a
  // gradient in order. On a GPU in one launch where such products go together.
  void add_products(std::span<const GradientAddend> addends, Tensor a, Tensor b, Stream& stream,
                    Precision precision);
  // gradient += values, one addend. values: f32, of the gradient's size.
  void add(Tensor values, Tensor gradient, Stream& stream);

  // True if an addend since the last reset() was not finite or too large for the fixed point.
  bool overflow(Stream& stream) const;
  void reset(Stream& stream);

  std::int64_t bytes() const { return scratch_.tensor().bytes(); }

 private:
  // Holds a product in f32 until an exact sum has taken it; empty if sums are not exact.
  Tensor product_scratch(std::int64_t elements) const;

  bool exact_ = true;
  FixedPoint format_;
  Buffer scratch_;  // a product in f32, before it is added to an exact sum
  Buffer misfit_;   // [1] i32: 1 after an addend that did not fit
};

}  // namespace switchyard
