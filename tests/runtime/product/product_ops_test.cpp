#include "runtime/product/product_ops.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/rounding.h"

namespace switchyard {
namespace product_ops_test {

ProductOps& ops() { return ProductOps::on(Device::cpu()); }

// Small integers, whose products and sums are exact.
std::vector<float> integers(std::int64_t count, int first) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((7 * static_cast<int>(i) + first) % 11 - 5);
  return values;
}

TEST(ProductOps, RoundsToBf16InEveryPieceOfATensor) {
  Stream stream = Stream::cpu(2);
  const std::int64_t count = (std::int64_t{1} << 17) + 8;
  std::vector<float> in(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = 1.0F + static_cast<float>(i) * 0x1p-18F;
  std::vector<std::uint16_t> out(in.size());
  ops().round_to_bf16(tensor_of(in.data(), {count}), tensor_of(out.data(), {count}), stream);
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < in.size(); ++i) wrong += out[i] != bf16_of(in[i]);
  EXPECT_EQ(wrong, 0);
}

TEST(ProductOps, GroupsAreTheProductsOfTheirRows) {
  Stream stream = Stream::cpu(2);
  constexpr std::int64_t rows = 7, k = 5, n = 3;
  std::vector<float> a = integers(rows * k, 1), first = integers(k * n, 2),
                     second = integers(k * n, 3), out(rows * n, 1.0F);
  const std::vector<RowGroup> groups = {{0, 4, tensor_of(first.data(), {k, n})},
                                        {4, 7, tensor_of(second.data(), {k, n})}};
  ops().multiply_groups(tensor_of(a.data(), {rows, k}), Op::plain, groups,
                        tensor_of(out.data(), {rows, n}), Write::add, stream, Precision::f32);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < n; ++c) {
      float sum = 1.0F;
      for (std::int64_t i = 0; i < k; ++i)
        sum += a[static_cast<std::size_t>(r * k + i)] *
               (r < 4 ? first : second)[static_cast<std::size_t>(i * n + c)];
      EXPECT_EQ(out[static_cast<std::size_t>(r * n + c)], sum) << r << " " << c;
    }
  }
}

// Two ranges for one sum and none for the other, whose elements keep their values.
TEST(ProductOps, GradientsAreSumsOverTheRangesOfTheirGroup) {
  Stream stream = Stream::cpu(2);
  constexpr std::int64_t rows = 6, m = 3, n = 2;
  std::vector<float> a = integers(rows * m, 1), b = integers(rows * n, 4), f32(m * n, 2.0F);
  const FixedPoint format = fixed_point_for(1024, 8);
  std::vector<std::int64_t> fixed(m * n), untouched(m * n, 9);
  std::vector<float> scratch(m * n);
  std::int32_t misfit = 0;
  const std::vector<RowRange> ranges = {{0, 2}, {3, 6}};
  const auto add_to = [&](Tensor sum, Tensor other) {
    const std::vector<GradientGroup> groups = {{sum, 0, 2}, {other, 2, 0}};
    ops().add_gradient_groups(
        tensor_of(a.data(), {rows, m}), tensor_of(b.data(), {rows, n}),
        {groups, ranges, format, tensor_of(&misfit, {1}), tensor_of(scratch.data(), {m * n})},
        stream, Precision::f32);
  };
  add_to(tensor_of(f32.data(), {m, n}), tensor_of(f32.data(), {m, n}));
  add_to(tensor_of(fixed.data(), {m, n}), tensor_of(untouched.data(), {m, n}));
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      float sum = 0.0F;
      for (const std::int64_t r : {0, 1, 3, 4, 5})
        sum += a[static_cast<std::size_t>(r * m + i)] * b[static_cast<std::size_t>(r * n + j)];
      const auto at = static_cast<std::size_t>(i * n + j);
      EXPECT_EQ(f32[at], 2.0F + sum);
      EXPECT_EQ(format.value(fixed[at]), static_cast<double>(sum));
    }
  }
  EXPECT_EQ(untouched, std::vector<std::int64_t>(m * n, 9));
  EXPECT_EQ(misfit, 0);
}

}  // namespace product_ops_test
}  // namespace switchyard
