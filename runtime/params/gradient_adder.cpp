#include "runtime/params/gradient_adder.h"

#include <vector>

#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/parallel.h"
#include "runtime/product/product_ops.h"

namespace switchyard {
namespace {

// Other threads make products of other parameters at the same time.
Tensor scratch_of_thread(std::int64_t elements) {
  thread_local Buffer scratch;
  if (scratch.tensor().size() < elements) scratch = Buffer(Shape{elements}, DType::f32);
  return scratch.tensor();
}

}  // namespace

GradientAdder::GradientAdder(bool exact, const FixedPoint& format, std::int64_t max_elements,
                             Device device)
    : exact_(exact),
      format_(format),
      scratch_(Shape{exact ? max_elements : 0}, DType::f32, device),
      misfit_(Shape{1}, DType::i32, device) {}

// Threads that make products at the same time have their own scratch.
Tensor GradientAdder::product_scratch(std::int64_t elements) const {
  if (!exact_) return {};
  const Tensor scratch = beside_other_threads() ? scratch_of_thread(elements) : scratch_.tensor();
  return scratch.range(0, elements);
}

void GradientAdder::add_product(Tensor a, Tensor b, Tensor gradient, Stream& stream,
                                Precision precision) {
  const Shape shape{a.cols(), b.cols()};
  if (!exact_) {
    matmul(a, Op::transposed, b, Op::plain, gradient.view(shape), Write::add, stream, precision);
    return;
  }
  const Tensor product = product_scratch(gradient.size()).view(shape);
  matmul(a, Op::transposed, b, Op::plain, product, Write::replace, stream, precision);
  add(product, gradient, stream);
}

void GradientAdder::add_products(std::span<const GradientAddend> addends, Tensor a, Tensor b,
                                 Stream& stream, Precision precision) {
  std::vector<GradientGroup> groups;
  std::vector<RowRange> ranges;
  for (std::size_t i = 0; i < addends.size(); ++i) {
    if (i == 0 || addends[i].gradient.data != addends[i - 1].gradient.data)
      groups.push_back({addends[i].gradient, static_cast<std::int32_t>(i), 0});
    ++groups.back().num_ranges;
    ranges.push_back(addends[i].rows);
  }
  const Tensor scratch = product_scratch(a.cols() * b.cols());
  ProductOps::on(stream.device())
      .add_gradient_groups(a, b, {groups, ranges, format_, misfit_, scratch}, stream, precision);
}

void GradientAdder::add(Tensor values, Tensor gradient, Stream& stream) {
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  if (exact_) {
    ops.add_fixed(values, format_, gradient, misfit_, stream);
  } else {
    ops.add(values, gradient, stream);
  }
}

bool GradientAdder::overflow(Stream& stream) const {
  return *HostRead(misfit_, stream).as<std::int32_t>() != 0;
}

void GradientAdder::reset(Stream& stream) { RuntimeOps::on(stream.device()).zero(misfit_, stream); }

}  // namespace switchyard
