#include "runtime/product/product_ops.h"

#include "runtime/device/ops.h"
#include "runtime/expect.h"
#include "runtime/product/cuda_product_ops.h"
#include "runtime/product/matmul_int8.h"
#include "runtime/product/tiled_matmul.h"

namespace switchyard {
namespace {

class CpuProductOps final : public ProductOps {
 public:
  void multiply(const MatmulShape& shape, Write write, Tensor a, Tensor b, Tensor out,
                Stream& stream) override {
    const auto multiply = shape.precision == Precision::int8 ? multiply_int8
                          : shape.op_a == Op::plain          ? multiply_rows
                                                             : multiply_gradient;
    multiply(shape, write, a.as<float>(), b.as<float>(), out.as<float>(), stream);
  }

  bool multiplies_rounded() const override { return false; }
  void round_to_bf16(Tensor in, Tensor out, Stream& stream) override {
    expect_size("out", out, in.size());
    constexpr std::int64_t piece = 1 << 16;
    const std::int64_t count = in.size();
    parallel_for(stream, (count + piece - 1) / piece, [&](std::int64_t i) {
      const std::int64_t begin = i * piece;
      switchyard::round_to_bf16(in.as<float>() + begin, std::min(piece, count - begin),
                                out.as<std::uint16_t>() + begin);
    });
  }

  bool groups_go_together(std::int64_t, std::int64_t, Precision) const override { return false; }
  void multiply_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                       Stream& stream, Precision precision) override {
    multiply_one_by_one(a, op_b, groups, out, write, stream, precision);
  }
  void add_gradient_groups(Tensor a, Tensor b, const GradientSums& sums, Stream& stream,
                           Precision precision) override {
    add_gradients_one_by_one(a, b, sums, stream, precision);
  }
};

}  // namespace

ProductOps& ProductOps::on(Device device) {
  static CpuProductOps cpu;
  return device.kind == Device::Kind::cpu ? cpu : cuda_product_ops();
}

void multiply_one_by_one(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out,
                         Write write, Stream& stream, Precision precision) {
  for (const auto& [begin, end, matrix] : groups)
    matmul(a.row_range(begin, end), Op::plain, matrix, op_b, out.row_range(begin, end), write,
           stream, precision);
}

void add_gradients_one_by_one(Tensor a, Tensor b, const GradientSums& sums, Stream& stream,
                              Precision precision) {
  const Shape shape{a.cols(), b.cols()};
  for (const auto& [sum, first_range, num_ranges] : sums.groups) {
    const bool fixed = sum.dtype == DType::i64;
    const Tensor product = (fixed ? sums.scratch.range(0, shape.size()) : sum).view(shape);
    for (const auto& [begin, end] : sums.ranges.subspan(static_cast<std::size_t>(first_range),
                                                        static_cast<std::size_t>(num_ranges))) {
      matmul(a.row_range(begin, end), Op::transposed, b.row_range(begin, end), Op::plain, product,
             fixed ? Write::replace : Write::add, stream, precision);
      if (fixed)
        RuntimeOps::on(stream.device()).add_fixed(product, sums.format, sum, sums.misfit, stream);
    }
  }
}

}  // namespace switchyard
