// The start-up check that matrix products repeat their bits on this machine.
#include <cmath>
#include <cstring>

#include "runtime/matmul.h"
#include "runtime/matmul_library.h"
#include "runtime/random.h"

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

// The same numbers at addresses that differ by 16 bytes modulo a cache line.
Tensor shifted(const Buffer& buffer, Shape shape) {
  return buffer.tensor().range(4, 4 + shape.size()).view(shape);
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
    if (!(std::abs(out[row * shape.n + col] - sum) <= 1e-5 * magnitude + 1e-30)) return false;
  }
  return true;
}

bool repeats(const MatmulShape& shape, Stream& stream, Stream& two_threads, std::uint64_t& hash) {
  const Shape shape_a = stored(shape.m, shape.k, shape.op_a),
              shape_b = stored(shape.k, shape.n, shape.op_b);
  const Shape shape_out{shape.m, shape.n};
  Buffer a(shape_a, DType::f32), b(shape_b, DType::f32), out(shape_out, DType::f32);
  Buffer room_a(Shape{shape_a.size() + 8}, DType::f32),
      room_b(Shape{shape_b.size() + 8}, DType::f32);
  Buffer room_out(Shape{shape_out.size() + 8}, DType::f32);
  const Tensor moved_a = shifted(room_a, shape_a), moved_b = shifted(room_b, shape_b);
  const Tensor moved_out = shifted(room_out, shape_out);
  const Random random(17, Purpose::init);
  for (std::int64_t i = 0; i < shape_a.size(); ++i) {
    moved_a.as<float>()[i] = a.tensor().as<float>()[i] =
        static_cast<float>(random.uniform(i) - 0.5);
  }
  for (std::int64_t i = 0; i < shape_b.size(); ++i) {
    moved_b.as<float>()[i] = b.tensor().as<float>()[i] =
        static_cast<float>(random.uniform(~i) - 0.5);
  }
  matmul(a, shape.op_a, b, shape.op_b, out, Write::replace, stream);
  matmul(moved_a, shape.op_a, moved_b, shape.op_b, moved_out, Write::replace, two_threads);
  const float* result = out.tensor().as<float>();
  hash = mix(hash, result, shape_out.size());
  return std::memcmp(result, moved_out.data, static_cast<std::size_t>(moved_out.bytes())) == 0 &&
         agrees_with_double(shape, a.tensor().as<float>(), b.tensor().as<float>(), result);
}

}  // namespace

MatmulSelfTest self_test_matmul(const std::vector<MatmulShape>& shapes, Stream& stream) {
  MatmulSelfTest verdict;
  Stream two_threads = Stream::cpu(2);
  for (const bool library : {true, false}) {
    verdict.hash = 0xcbf29ce484222325ULL;
    verdict.library_repeats = library;
    if (!library) {
      stream.matmul_library().use_fallback();
      two_threads.matmul_library().use_fallback();
    }
    bool all_repeat = true;
    for (const MatmulShape& shape : shapes)
      all_repeat &= repeats(shape, stream, two_threads, verdict.hash);
    if (all_repeat) return verdict;
  }
  fail(Exit::internal,
       "matrix products do not repeat their bits on this machine, not even in our own kernel");
}

}  // namespace switchyard
