// Linear layers whose weights are masked: the masked matrix is built for each range of rows.
#include "runtime/device/ops.h"
#include "runtime/masks/apply_mask.h"
#include "runtime/params/linear.h"
#include "runtime/product/matmul.h"

namespace switchyard {
namespace {

// Other threads multiply by other matrices at the same time.
enum class Scratch : std::uint8_t { matrix, sum };
Tensor scratch_of_thread(Scratch which, Shape shape) {
  thread_local std::array<Buffer, 2> scratch;
  Buffer& held = scratch[static_cast<std::size_t>(which)];
  if (held.tensor().size() < shape.size()) held = Buffer(Shape{shape.size()}, DType::f32);
  return held.tensor().range(0, shape.size()).view(shape);
}

// The matrix of one layer and its masks.
struct MaskedMatrix {
  const Params& params;
  ParamId id;
  const RowContext& rows;
  const Dropout& dropout = *rows.masks.dropout;

  MaskStream mask(const NumberedRows& range) const {
    return dropout.weight_mask(rows.masks.step, params.spec(id).key(),
                               static_cast<std::uint64_t>(range.number));
  }
  // Lives until the thread asks for the next one.
  Tensor masked(const NumberedRows& range, Stream& stream) const {
    const Tensor value = params.value(id);
    const Tensor matrix = scratch_of_thread(Scratch::matrix, value.shape);
    apply_mask(dropout.of_weights(), mask(range), value, matrix, stream);
    return matrix;
  }
};

}  // namespace

void Linear::multiply_masked(const Params& params, Tensor x, Tensor y, const RowContext& rows,
                             Stream& stream) const {
  if (params.watch() != nullptr) params.watch()->multiplies(id(Factor::weight), x, stream);
  const MaskedMatrix matrix{params, id(Factor::weight), rows};
  const Precision precision = precision_.value_or(params.precision().forward);
  for (const NumberedRows& range : rows.weights) {
    if (range.begin == range.end) continue;
    matmul(x.row_range(range.begin, range.end), Op::plain, matrix.masked(range, stream),
           Op::transposed, y.row_range(range.begin, range.end), Write::replace, stream, precision);
  }
}

void Linear::multiply_back_masked(const Params& params, Tensor d_y, Tensor d_x, Write write,
                                  const RowContext& rows, Stream& stream) const {
  const MaskedMatrix matrix{params, id(Factor::weight), rows};
  const Precision precision = precision_.value_or(params.precision().input_gradient);
  for (const NumberedRows& range : rows.weights) {
    if (range.begin == range.end) continue;
    matmul(d_y.row_range(range.begin, range.end), Op::plain, matrix.masked(range, stream),
           Op::plain, d_x.row_range(range.begin, range.end), write, stream, precision);
  }
}

void Linear::add_masked_gradient(Params& params, Tensor d_y, Tensor x, const RowContext& rows,
                                 Stream& stream) const {
  const ParamId weight = id(Factor::weight);
  if (params.spec(weight).frozen) return;
  const MaskedMatrix matrix{params, weight, rows};
  const Precision precision = precision_.value_or(params.precision().weight_gradient);
  const Shape shape = params.spec(weight).shape;
  const Tensor product = scratch_of_thread(Scratch::matrix, shape),
               sum = scratch_of_thread(Scratch::sum, shape);
  bool first = true;
  for (const NumberedRows& range : rows.weights) {
    if (range.begin == range.end) continue;
    matmul(d_y.row_range(range.begin, range.end), Op::transposed,
           x.row_range(range.begin, range.end), Op::plain, product, Write::replace, stream,
           precision);
    const MaskLaw& law = matrix.dropout.of_weights();
    if (first) {
      apply_mask(law, matrix.mask(range), product, sum, stream);
    } else {
      add_masked(law, matrix.mask(range), product, sum, stream);
    }
    first = false;
  }
  if (!first) params.add_gradient(weight, sum, stream);
}

}  // namespace switchyard
