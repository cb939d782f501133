// The start-up check that matrix products repeat their bits on this machine.
#include <cmath>
#include <cstring>

#include "runtime/host_access.h"
#include "runtime/matmul.h"
#include "runtime/matmul_library.h"

namespace switchyard {
namespace {

std::uint64_t mix(std::uint64_t hash, const float* data, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, data + i, sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3ULL;
  }
  return hash;
}

Shape stored(std::int64_t rows, std::int64_t cols, Op op) {
  return op == Op::plain ? Shape{rows, cols} : Shape{cols, rows};
}

// Of the magnitude of the addends: a little more than rounding both operands takes away.
double tolerance_of(Precision precision) {
  if (precision == Precision::f32) return 1e-5;
  return precision == Precision::bf16 ? 1e-2 : 3e-2;
}

// Some elements against sums in double: a library that is wrong must not pass because it is wrong
// every time.
bool agrees_with_double(const MatmulShape& shape, const float* a, const float* b,
                        const float* out) {
  for (std::int64_t probe = 0; probe < 64; ++probe) {
    const std::int64_t row = probe * 7919 % shape.m, col = probe * 104729 % shape.n;
    double sum = 0.0, magnitude = 0.0;
    for (std::int64_t i = 0; i < shape.k; ++i) {
      const double x = shape.op_a == Op::plain ? a[row * shape.k + i] : a[i * shape.m + row];
      const double y = shape.op_b == Op::plain ? b[i * shape.n + col] : b[col * shape.k + i];
      sum += x * y;
      magnitude += std::abs(x * y);
    }
    if (!(std::abs(out[row * shape.n + col] - sum) <=
          tolerance_of(shape.precision) * magnitude + 1e-30))
      return false;
  }
  return true;
}

// An operand twice on a device: at the start of a cache line, and 16 bytes further.
struct TestOperand {
  std::vector<float> values;
  Buffer buffer, room;
  Tensor moved;

  TestOperand(Shape shape, Device device)
      : values(static_cast<std::size_t>(shape.size())),
        buffer(shape, DType::f32, device),
        room(Shape{shape.size() + 8}, DType::f32, device),
        moved(room.tensor().range(4, 4 + shape.size()).view(shape)) {}

  // Numbers in [-0.5, 0.5) without a pattern; a linear congruence is enough for that.
  void fill(std::uint32_t seed) {
    for (float& value : values) {
      seed = seed * 1664525U + 1013904223U;
      value = static_cast<float>(seed >> 8) * 0x1p-24F - 0.5F;
    }
    write_now(values.data(), buffer);
    write_now(values.data(), moved);
  }
};

bool repeats(const MatmulShape& shape, Stream& stream, Stream& other, std::uint64_t& hash) {
  const Device device = stream.device();
  TestOperand a(stored(shape.m, shape.k, shape.op_a), device);
  TestOperand b(stored(shape.k, shape.n, shape.op_b), device);
  TestOperand out(Shape{shape.m, shape.n}, device);
  a.fill(17);
  b.fill(18);
  matmul(a.buffer, shape.op_a, b.buffer, shape.op_b, out.buffer, Write::replace, stream,
         shape.precision);
  matmul(a.moved, shape.op_a, b.moved, shape.op_b, out.moved, Write::replace, other,
         shape.precision);
  stream.synchronize();
  other.synchronize();
  std::vector<float> moved(out.values);
  read_now(out.buffer, out.values.data());
  read_now(out.moved, moved.data());
  hash = mix(hash, moved.data(), out.moved.size());
  const auto bytes = static_cast<std::size_t>(out.moved.bytes());
  return std::memcmp(out.values.data(), moved.data(), bytes) == 0 &&
         agrees_with_double(shape, a.values.data(), b.values.data(), out.values.data());
}

}  // namespace

MatmulSelfTest self_test_matmul(const std::vector<MatmulShape>& shapes, Stream& stream) {
  MatmulSelfTest verdict;
  const bool on_host = stream.device().kind == Device::Kind::cpu;
  Stream other = on_host ? Stream::cpu(2) : Stream::cuda(stream.device(), stream.queue()->tf32());
  for (const bool library : {true, false}) {
    verdict.hash = 0xcbf29ce484222325ULL;
    verdict.library_repeats = library;
    if (!library) {
      require(on_host,
              "products of cuBLASLt do not repeat their bits on this GPU; set train.exact = false");
      stream.matmul_library().use_fallback();
      other.matmul_library().use_fallback();
    }
    bool all_repeat = true;
    for (const MatmulShape& shape : shapes)
      all_repeat &= repeats(shape, stream, other, verdict.hash);
    if (all_repeat) return verdict;
  }
  fail(Exit::internal,
       "matrix products do not repeat their bits on this machine, not even in our own kernel");
}

}  // namespace switchyard
