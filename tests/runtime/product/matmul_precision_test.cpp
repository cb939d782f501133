#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "runtime/product/matmul.h"
#include "runtime/product/matmul_library.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace matmul_precision_test {

constexpr Op plain = Op::plain, transposed = Op::transposed;

// A [rows, cols] matrix as the product sees it, stored as `op` takes it. Row r's magnitude is about
// 2^(r % 5), so that every line of an int8 product has a scale of its own.
struct Matrix {
  Matrix(std::int64_t num_rows, std::int64_t num_cols, Op stored, std::uint32_t seed)
      : rows(num_rows), cols(num_cols), op(stored), memory({num_rows * num_cols}, DType::f32) {
    std::minstd_rand bits(seed);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < cols; ++c) {
        const float uniform = static_cast<float>(bits()) / static_cast<float>(bits.max()) - 0.5F;
        at(r, c) = std::ldexp(uniform, static_cast<int>((r + c) % 5));
      }
    }
  }
  float& at(std::int64_t r, std::int64_t c) const {
    return memory.tensor().as<float>()[op == plain ? r * cols + c : c * rows + r];
  }
  Tensor tensor() const {
    return memory.tensor().view(op == plain ? Shape{rows, cols} : Shape{cols, rows});
  }
  std::int64_t rows, cols;
  Op op;
  Buffer memory;
};

struct Product {
  Product(const MatmulShape& shape, Stream& stream, Write write = Write::replace)
      : a(shape.m, shape.k, shape.op_a, 1),
        b(shape.k, shape.n, shape.op_b, 2),
        before(shape.m, shape.n, plain, 3),
        out(shape.m, shape.n, plain, 3) {
    matmul(a.tensor(), shape.op_a, b.tensor(), shape.op_b, out.tensor(), write, stream,
           shape.precision);
  }
  std::vector<float> values() const {
    const float* data = out.memory.tensor().as<float>();
    return {data, data + out.rows * out.cols};
  }
  Matrix a, b, before, out;
};

// Every pair of layouts a model uses, ragged sizes, more than one tile of each kind.
std::vector<MatmulShape> shapes(Precision precision) {
  return {{16, 7, 33, plain, transposed, precision},
          {336, 130, 96, plain, plain, precision},
          {530, 35, 80, transposed, plain, precision},
          {16, 512, 24, plain, plain, precision}};
}

TEST(MatmulPrecision, Bf16IsTheSumOfProductsOfRoundedOperands) {
  Stream stream = Stream::cpu(2);
  for (const MatmulShape& shape : shapes(Precision::bf16)) {
    const Product product(shape, stream);
    for (std::int64_t row = 0; row < shape.m; row += 5) {
      for (std::int64_t col = 0; col < shape.n; ++col) {
        double sum = 0.0, magnitude = 0.0;
        for (std::int64_t i = 0; i < shape.k; ++i) {
          const double term = static_cast<double>(value_of_bf16(bf16_of(product.a.at(row, i)))) *
                              value_of_bf16(bf16_of(product.b.at(i, col)));
          sum += term;
          magnitude += std::abs(term);
        }
        ASSERT_NEAR(product.out.at(row, col), sum, 1e-6 * magnitude);
      }
    }
  }
}

// Codes of one line along k, and their scale.
struct Line {
  template <class At>
  Line(std::int64_t k, At at) {
    float largest = 0.0F;
    for (std::int64_t i = 0; i < k; ++i) largest = std::max(largest, std::abs(at(i)));
    scale = largest / 127.0F;
    for (std::int64_t i = 0; i < k; ++i) {
      codes.push_back(static_cast<std::int32_t>(std::nearbyint(at(i) * (1.0F / scale))));
    }
  }
  std::vector<std::int32_t> codes;
  float scale;
};

void expect_int8_products(Write write) {
  Stream stream = Stream::cpu(2);
  for (const MatmulShape& shape : shapes(Precision::int8)) {
    const Product product(shape, stream, write);
    for (std::int64_t row = 0; row < shape.m; row += 5) {
      const Line a(shape.k, [&](std::int64_t i) { return product.a.at(row, i); });
      for (std::int64_t col = 0; col < shape.n; ++col) {
        const Line b(shape.k, [&](std::int64_t i) { return product.b.at(i, col); });
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < a.codes.size(); ++i) sum += a.codes[i] * b.codes[i];
        const float value = static_cast<float>(sum) * a.scale * b.scale;
        ASSERT_EQ(product.out.at(row, col),
                  write == Write::add ? product.before.at(row, col) + value : value);
      }
    }
  }
}

TEST(MatmulPrecision, Int8IsAnExactSumOfCodesTimesTwoScales) {
  expect_int8_products(Write::replace);
}

TEST(MatmulPrecision, Int8Adds) { expect_int8_products(Write::add); }

TEST(MatmulPrecision, ThreadsDoNotChangeABit) {
  Stream one = Stream::cpu(1), three = Stream::cpu(3);
  for (const Precision precision : {Precision::bf16, Precision::int8}) {
    for (const MatmulShape& shape : shapes(precision)) {
      EXPECT_EQ(Product(shape, one).values(), Product(shape, three).values()) << shape.m;
    }
  }
}

// Codes so small that no instruction set saturates.
TEST(MatmulPrecision, TheLibrarysInt8ProductIsThatOfTheIntegers) {
  constexpr std::int64_t m = 16, n = 21, k = 72;
  std::vector<std::int8_t> a(m * k), b(n * k);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<std::int8_t>(i * 7 % 13) - 6;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<std::int8_t>(i * 5 % 11) - 5;
  std::vector<std::int32_t> out(m * n);
  MatmulLibrary().run_int8(m, n, k, a.data(), b.data(), out.data());
  for (std::int64_t row = 0; row < m; ++row) {
    for (std::int64_t col = 0; col < n; ++col) {
      std::int32_t sum = 0;
      for (std::int64_t i = 0; i < k; ++i) sum += a[row * k + i] * b[col * k + i];
      EXPECT_EQ(out[row * n + col], sum);
    }
  }
}

TEST(MatmulPrecision, WhatIsNotFiniteStaysSo) {
  Stream stream = Stream::cpu(1);
  for (const float broken : {std::nanf(""), INFINITY}) {
    for (const Precision precision : {Precision::bf16, Precision::int8}) {
      const Matrix a(16, 24, plain, 1), b(24, 8, plain, 2), out(16, 8, plain, 3);
      a.at(3, 5) = broken;
      matmul(a.tensor(), plain, b.tensor(), plain, out.tensor(), Write::replace, stream, precision);
      EXPECT_FALSE(std::isfinite(out.at(3, 7)));
      EXPECT_TRUE(std::isfinite(out.at(4, 7)));
    }
  }
}

TEST(MatmulPrecision, RowsOfZerosGiveZeros) {
  Stream stream = Stream::cpu(1);
  const Matrix a(16, 24, plain, 1), b(24, 8, plain, 2), out(16, 8, plain, 3);
  for (std::int64_t i = 0; i < 24; ++i) a.at(3, i) = 0.0F;
  matmul(a.tensor(), plain, b.tensor(), plain, out.tensor(), Write::replace, stream,
         Precision::int8);
  for (std::int64_t col = 0; col < 8; ++col) EXPECT_EQ(out.at(3, col), 0.0F);
}

TEST(MatmulPrecision, Int8RefusesSumsThatMayNotFit) {
  Stream stream = Stream::cpu(1);
  const Buffer a({int8_terms + 16, 1}, DType::f32), out({1, 1}, DType::f32);
  try {
    matmul(a, transposed, a, plain, out, Write::replace, stream, Precision::int8);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_NE(std::string(error.what()).find("sums 131088 terms"), std::string::npos);
  }
}

TEST(MatmulPrecision, TheSelfTestPassesInEveryPrecision) {
  Stream stream = Stream::cpu(1);
  std::uint64_t before = 0;
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    const MatmulSelfTest test = self_test_matmul(shapes(precision), stream);
    EXPECT_TRUE(test.library_repeats);
    EXPECT_NE(test.hash, before);
    before = test.hash;
  }
}

}  // namespace matmul_precision_test
}  // namespace switchyard
