// The common parts of the self-tests of products: operands, and sums to compare results with.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "runtime/device/host_access.h"
#include "runtime/product/matmul.h"

namespace switchyard {

inline constexpr std::uint64_t first_hash = 0xcbf29ce484222325ULL;

// FNV-1a over 32 bits at a time.
template <class T>
std::uint64_t mix_hash(std::uint64_t hash, const std::vector<T>& values) {
  const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
  std::uint32_t bits;
  for (std::size_t i = 0; i < values.size() * sizeof(T); i += sizeof bits) {
    std::memcpy(&bits, bytes + i, sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3ULL;
  }
  return hash;
}

inline Shape stored_shape(std::int64_t rows, std::int64_t cols, Op op) {
  return op == Op::plain ? Shape{rows, cols} : Shape{cols, rows};
}

// A share of the magnitude of the addends, a little more than the error of rounding both operands.
inline double product_tolerance(Precision precision, const Stream& stream) {
  const bool tf32 = stream.queue() != nullptr && stream.queue()->tf32();
  if (precision == Precision::f32) return tf32 ? 1e-2 : 1e-5;
  return precision == Precision::bf16 ? 1e-2 : 3e-2;
}

// Compares some elements with sums in double, so that a library that repeats wrong results fails.
inline bool agrees_with_double(const MatmulShape& shape, const float* a, const float* b,
                               const float* out, const Stream& stream) {
  const double tolerance = product_tolerance(shape.precision, stream);
  for (std::int64_t probe = 0; probe < 64; ++probe) {
    const std::int64_t row = probe * 7919 % shape.m, col = probe * 104729 % shape.n;
    double sum = 0.0, magnitude = 0.0;
    for (std::int64_t i = 0; i < shape.k; ++i) {
      const double x = shape.op_a == Op::plain ? a[row * shape.k + i] : a[i * shape.m + row];
      const double y = shape.op_b == Op::plain ? b[i * shape.n + col] : b[col * shape.k + i];
      sum += x * y;
      magnitude += std::abs(x * y);
    }
    if (!(std::abs(out[row * shape.n + col] - sum) <= tolerance * magnitude + 1e-30)) return false;
  }
  return true;
}

// An operand twice on a device: at the start of a cache line, and 16 bytes after one.
struct TestOperand {
  std::vector<float> values;
  Buffer buffer, scratch;
  Tensor moved;

  TestOperand(Shape shape, Device device)
      : values(static_cast<std::size_t>(shape.size())),
        buffer(shape, DType::f32, device),
        scratch(Shape{shape.size() + 8}, DType::f32, device),
        moved(scratch.tensor().range(4, 4 + shape.size()).view(shape)) {}

  // Fills it with numbers in [-0.5, 0.5) without a pattern; a linear congruence is good enough.
  void fill(std::uint32_t seed) {
    for (float& value : values) {
      seed = seed * 1664525U + 1013904223U;
      value = static_cast<float>(seed >> 8) * 0x1p-24F - 0.5F;
    }
    write_now(values.data(), buffer);
    write_now(values.data(), moved);
  }
};

// The operands of a product, the same in every test of it.
struct TestOperands {
  TestOperand a, b;
  TestOperands(const MatmulShape& shape, Device device)
      : a(stored_shape(shape.m, shape.k, shape.op_a), device),
        b(stored_shape(shape.k, shape.n, shape.op_b), device) {
    a.fill(17);
    b.fill(18);
  }
};

}  // namespace switchyard
