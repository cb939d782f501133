#include "runtime/product/grouped_self_test.h"

#include <algorithm>

#include "runtime/product/product_ops.h"
#include "runtime/product/self_test_operand.h"

namespace switchyard {
namespace {

enum class Grouping : std::uint8_t { one, many };

// A result on the host, and a hash of the sums it came from.
struct GroupedResult {
  std::vector<float> values;
  std::uint64_t hash;
};

GroupedResult rows_in_groups(const MatmulShape& shape, Grouping grouping, Tensor a, Tensor b,
                             Stream& stream) {
  const Buffer out({shape.m, shape.n}, DType::f32, stream.device());
  Buffer rounded;
  if (shape.precision == Precision::bf16) {
    rounded = Buffer(b.shape, DType::bf16, stream.device());
    ProductOps::on(stream.device()).round_to_bf16(b, rounded, stream);
    b = rounded;
  }
  std::vector<RowGroup> groups;
  for (std::int64_t begin = 0, rows = row_tile; begin < shape.m; begin = groups.back().end) {
    const std::int64_t end = grouping == Grouping::one ? shape.m : std::min(shape.m, begin + rows);
    groups.push_back({begin, end, b});
    rows = rows == row_tile ? 5 * row_tile : row_tile;
  }
  matmul_groups(a, shape.op_b, groups, out, Write::replace, stream, shape.precision);
  stream.synchronize();
  GroupedResult result{std::vector<float>(static_cast<std::size_t>(shape.m * shape.n)), 0};
  read_now(out, result.values.data());
  result.hash = mix_hash(first_hash, result.values);
  return result;
}

// Sums in fixed point, as exact mode does. With Grouping::many, groups without rows surround the
// gradient.
GroupedResult gradient_in_groups(const MatmulShape& shape, Grouping grouping, Tensor a, Tensor b,
                                 Stream& stream) {
  const FixedPoint format = fixed_point_for(1024, 1);
  const Buffer sum({shape.m, shape.n}, DType::i64, stream.device()),
      misfit({1}, DType::i32, stream.device());
  std::vector<GradientGroup> groups{{sum, 0, 1}};
  if (grouping == Grouping::many) groups = {{sum, 1, 0}, {sum, 0, 1}, {sum, 1, 0}};
  const std::vector<RowRange> ranges{{0, shape.k}};
  ProductOps::on(stream.device())
      .add_gradient_groups(a, b, {groups, ranges, format, misfit, {}}, stream, shape.precision);
  stream.synchronize();
  std::vector<std::int64_t> sums(static_cast<std::size_t>(shape.m * shape.n));
  read_now(sum, sums.data());
  GroupedResult result{{}, mix_hash(first_hash, sums)};
  for (const std::int64_t each : sums)
    result.values.push_back(static_cast<float>(format.value(each)));
  return result;
}

}  // namespace

bool repeats_in_groups(const MatmulShape& shape, Stream& stream, Stream& other,
                       std::uint64_t& hash) {
  const auto [a, b] = TestOperands(shape, stream.device());
  const auto result = shape.op_a == Op::plain ? rows_in_groups : gradient_in_groups;
  const GroupedResult one = result(shape, Grouping::one, a.buffer, b.buffer, stream),
                      many = result(shape, Grouping::many, a.moved, b.moved, other);
  hash = mix_hash(hash, std::vector{many.hash});
  return one.hash == many.hash &&
         agrees_with_double(shape, a.values.data(), b.values.data(), one.values.data(), stream);
}

}  // namespace switchyard
