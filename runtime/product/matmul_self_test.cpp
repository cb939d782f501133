// The start-up check that matrix products repeat their bits on this machine.
#include "runtime/product/grouped_self_test.h"
#include "runtime/product/matmul_library.h"
#include "runtime/product/product_ops.h"
#include "runtime/product/self_test_operand.h"

namespace switchyard {
namespace {

constexpr std::int64_t many_rows = 2064;  // of a GPU: more than one wave of blocks for most sizes

std::vector<float> product_of_rows(MatmulShape shape, Tensor rows, Tensor b, Stream& stream) {
  shape.m = rows.rows();
  const Buffer out({shape.m, shape.n}, DType::f32, stream.device());
  matmul(rows, shape.op_a, b, shape.op_b, out, Write::replace, stream, shape.precision);
  stream.synchronize();
  std::vector<float> values(static_cast<std::size_t>(shape.m * shape.n));
  read_now(out, values.data());
  return values;
}

// Whether rows [begin, ...) of `all` [shape.m, shape.n], taken again from row 0 after the last, are
// those of `some`, bit for bit.
bool same_rows(const MatmulShape& shape, const std::vector<float>& all,
               const std::vector<float>& some, std::int64_t begin) {
  const auto width = static_cast<std::size_t>(shape.n);
  for (std::size_t row = 0; row * width < some.size(); ++row) {
    const std::size_t twin =
        (static_cast<std::size_t>(begin) + row) % static_cast<std::size_t>(shape.m);
    if (std::memcmp(&some[row * width], &all[twin * width], width * sizeof(float)) != 0)
      return false;
  }
  return true;
}

// Whether a row's bits, as in `all`, do not depend on how many others there are.
bool rows_repeat(const MatmulShape& shape, const TestOperands& operands,
                 const std::vector<float>& all, Stream& stream) {
  if (shape.op_a == Op::transposed || shape.m < 3 * row_tile) return true;  // rows are added up
  const Tensor a = operands.a.buffer, b = operands.b.buffer;
  const Tensor few = a.row_range(row_tile, 3 * row_tile);
  if (!same_rows(shape, all, product_of_rows(shape, few, b, stream), row_tile)) return false;
  if (stream.device().kind == Device::Kind::cpu) return true;
  std::vector<float> repeated;
  for (std::int64_t row = 0; row < many_rows; ++row) {
    const auto from = operands.a.values.begin() + row % shape.m * shape.k;
    repeated.insert(repeated.end(), from, from + shape.k);
  }
  const Buffer many({many_rows, shape.k}, DType::f32, stream.device());
  write_now(repeated.data(), many);
  return same_rows(shape, all, product_of_rows(shape, many, b, stream), 0);
}

bool repeats(const MatmulShape& shape, Stream& stream, Stream& other, std::uint64_t& hash) {
  const Device device = stream.device();
  const TestOperands operands(shape, device);
  const TestOperand &a = operands.a, &b = operands.b;
  TestOperand out(Shape{shape.m, shape.n}, device);
  matmul(a.buffer, shape.op_a, b.buffer, shape.op_b, out.buffer, Write::replace, stream,
         shape.precision);
  matmul(a.moved, shape.op_a, b.moved, shape.op_b, out.moved, Write::replace, other,
         shape.precision);
  stream.synchronize();
  other.synchronize();
  std::vector<float> moved(out.values);
  read_now(out.buffer, out.values.data());
  read_now(out.moved, moved.data());
  hash = mix_hash(hash, moved);
  const auto bytes = static_cast<std::size_t>(out.moved.bytes());
  return std::memcmp(out.values.data(), moved.data(), bytes) == 0 &&
         rows_repeat(shape, operands, moved, stream) &&
         agrees_with_double(shape, a.values.data(), b.values.data(), out.values.data(), stream);
}

}  // namespace

MatmulSelfTest self_test_matmul(const std::vector<MatmulShape>& shapes, Stream& stream) {
  MatmulSelfTest verdict;
  const bool on_host = stream.device().kind == Device::Kind::cpu;
  const ProductOps& products = ProductOps::on(stream.device());
  Stream other = on_host ? Stream::cpu(2) : Stream::cuda(stream.device(), stream.queue()->tf32());
  for (const bool library : {true, false}) {
    verdict.hash = first_hash;
    verdict.library_repeats = library;
    if (!library) {
      require(on_host,
              "matrix products do not repeat their bits on this GPU; set train.exact = false");
      matmul_library(stream).use_fallback();
      matmul_library(other).use_fallback();
    }
    bool all_repeat = true;
    for (const MatmulShape& shape : shapes) {
      all_repeat &= repeats(shape, stream, other, verdict.hash);
      if (products.groups_go_together(shape.n, shape.op_a == Op::plain ? shape.k : shape.m,
                                      shape.precision))
        all_repeat &= repeats_in_groups(shape, stream, other, verdict.hash);
    }
    if (all_repeat) return verdict;
  }
  fail(Exit::internal,
       "matrix products do not repeat their bits on this machine, not even in our own kernel");
}

}  // namespace switchyard
