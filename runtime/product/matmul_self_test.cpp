// The start-up check that matrix products repeat their bits on this machine.
#include "runtime/product/grouped_self_test.h"
#include "runtime/product/matmul_library.h"
#include "runtime/product/product_ops.h"
#include "runtime/product/self_test_operand.h"

namespace switchyard {
namespace {

bool repeats(const MatmulShape& shape, Stream& stream, Stream& other, std::uint64_t& hash) {
  const Device device = stream.device();
  const auto [a, b] = TestOperands(shape, device);
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
