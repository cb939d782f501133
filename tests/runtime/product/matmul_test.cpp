#include "runtime/product/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/math.h"
#include "runtime/product/matmul_library.h"
#include "runtime/product/own_matmul.h"

namespace switchyard {
namespace matmul_test {

constexpr Op plain = Op::plain, transposed = Op::transposed;

// A random [rows, cols] matrix, stored as `op` takes it, `shift` floats after an aligned address.
struct Matrix {
  Matrix(std::int64_t rows, std::int64_t cols, Op stored, std::uint32_t seed,
         std::int64_t shift = 0)
      : op(stored), memory({rows * cols + shift}, DType::f32) {
    tensor = memory.tensor()
                 .range(shift, shift + rows * cols)
                 .view(op == plain ? Shape{rows, cols} : Shape{cols, rows});
    values = tensor.as<float>();
    std::minstd_rand bits(seed);
    for (std::int64_t i = 0; i < rows * cols; ++i) {
      values[i] = static_cast<float>(bits()) / static_cast<float>(bits.max()) - 0.5F;
    }
  }
  double at(std::int64_t row, std::int64_t col) const {
    const std::int64_t cols = tensor.cols();
    return values[op == plain ? row * cols + col : col * cols + row];
  }

  Op op;
  Buffer memory;
  Tensor tensor;
  float* values = nullptr;
};

// The largest error of `out` against sums in double, over the magnitude of the addends.
double worst_error(const MatmulShape& shape, const Matrix& a, const Matrix& b, const Matrix& out,
                   const Matrix* before) {
  double worst = 0.0;
  for (std::int64_t row = 0; row < shape.m; ++row) {
    for (std::int64_t col = 0; col < shape.n; ++col) {
      double sum = before ? before->at(row, col) : 0.0, magnitude = std::abs(sum) + 1e-30;
      for (std::int64_t i = 0; i < shape.k; ++i) {
        const double addend = a.at(row, i) * b.at(i, col);
        sum += addend;
        magnitude += std::abs(addend);
      }
      worst = std::max(worst, std::abs(out.at(row, col) - sum) / magnitude);
    }
  }
  return worst;
}

double error_of(const MatmulShape& shape, Write write, Stream& stream) {
  const Matrix a(shape.m, shape.k, shape.op_a, 1), b(shape.k, shape.n, shape.op_b, 2);
  const Matrix out(shape.m, shape.n, plain, 3), before(shape.m, shape.n, plain, 3);
  matmul(a.tensor, shape.op_a, b.tensor, shape.op_b, out.tensor, write, stream);
  return worst_error(shape, a, b, out, write == Write::add ? &before : nullptr);
}

// Every rung of the tile ladders and what is below the last, ragged n and k, one column, more rows
// of a weight than a block, rows of 512, which are copied to a better stride, and matrices on both
// sides of what is left to our own kernel.
const std::vector<MatmulShape> shapes = {
    {16, 1, 1, plain, plain},         {16, 7, 33, plain, transposed},
    {48, 65, 17, plain, plain},       {80, 64, 96, plain, transposed},
    {336, 11, 20, plain, plain},      {352, 12, 24, plain, transposed},
    {16, 512, 24, plain, plain},      {512, 512, 16, transposed, plain},
    {1, 1, 16, transposed, plain},    {33, 7, 48, transposed, plain},
    {12, 24, 352, transposed, plain}, {20, 3, 1376, transposed, plain},
    {530, 5, 80, transposed, plain},  {1025, 2, 16, transposed, plain},
    {1, 19, 23, plain, plain},        {9, 40, 70, plain, transposed},
    {35, 17, 20, plain, plain},       {120, 33, 12, plain, transposed},
    {30, 40, 1, transposed, plain},   {18, 530, 77, transposed, plain},
    {345, 512, 300, plain, plain},    {83, 300, 521, plain, transposed},
    {9, 520, 264, plain, plain},      {150, 140, 260, plain, transposed}};

void expect_right(Stream& stream) {
  for (const MatmulShape& shape : shapes) {
    for (const Write write : {Write::replace, Write::add}) {
      EXPECT_LT(error_of(shape, write, stream), 1e-6)
          << shape.m << " x " << shape.n << " x " << shape.k << ", write "
          << static_cast<int>(write);
    }
  }
}

TEST(Matmul, AgreesWithSumsInDouble) {
  Stream stream = Stream::cpu(1);
  expect_right(stream);
}

TEST(Matmul, AgreesWithSumsInDoubleOnTwoThreads) {
  Stream stream = Stream::cpu(2);
  expect_right(stream);
}

TEST(Matmul, FallbackAgreesWithSumsInDouble) {
  Stream stream = Stream::cpu(2);
  matmul_library(stream).use_fallback();
  expect_right(stream);
}

std::string refusal(std::int64_t m, std::int64_t k, Op op_a, Op op_b, std::int64_t b_rows = -1) {
  Stream stream = Stream::cpu(1);
  const Matrix a(m, k, op_a, 1), b(b_rows < 0 ? k : b_rows, 8, op_b, 2), out(m, 8, plain, 3);
  try {
    matmul(a.tensor, op_a, b.tensor, op_b, out.tensor, Write::replace, stream);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Matmul, RefusesShapesThatDoNotFit) {
  EXPECT_EQ(refusal(16, 16, plain, plain, 32),
            "matmul: a is [16, 16], b is [32, 8], out is [16, 8]");
}

TEST(Matmul, RefusesTwoTransposedOperands) {
  EXPECT_EQ(refusal(16, 16, transposed, transposed), "matmul: both operands are transposed");
}

TEST(Matmul, PaddedRowsRoundUp) {
  EXPECT_EQ(padded_rows(0), 0);
  EXPECT_EQ(padded_rows(1), 16);
  EXPECT_EQ(padded_rows(16), 16);
  EXPECT_EQ(padded_rows(17), 32);
}

TEST(Matmul, NoAddendsGiveZerosOrLeaveTheOutputAlone) {
  Stream stream = Stream::cpu(1);
  for (const Op op_a : {plain, transposed}) {
    const Matrix a(16, 0, op_a, 1), b(0, 8, plain, 2), out(16, 8, plain, 3);
    const double before = out.at(5, 5);
    matmul(a.tensor, op_a, b.tensor, plain, out.tensor, Write::add, stream);
    EXPECT_EQ(out.at(5, 5), before);
    matmul(a.tensor, op_a, b.tensor, plain, out.tensor, Write::replace, stream);
    const float* values = out.values;
    EXPECT_TRUE(std::all_of(values, values + 128, [](float x) { return x == 0.0F; }));
  }
}

TEST(Matmul, EmptyOutputsAreFine) {
  Stream stream = Stream::cpu(1);
  EXPECT_EQ(error_of({0, 8, 16, plain, plain}, Write::replace, stream), 0.0);
  EXPECT_EQ(error_of({16, 0, 16, plain, plain}, Write::replace, stream), 0.0);
  EXPECT_EQ(error_of({0, 8, 16, transposed, plain}, Write::replace, stream), 0.0);
  EXPECT_EQ(error_of({16, 0, 16, transposed, plain}, Write::replace, stream), 0.0);
}

std::vector<float> product(const MatmulShape& shape, Stream& stream, std::int64_t shift = 0) {
  const Matrix a(shape.m, shape.k, shape.op_a, 1, shift), b(shape.k, shape.n, shape.op_b, 2, shift);
  const Matrix out(shape.m, shape.n, plain, 3, shift);
  matmul(a.tensor, shape.op_a, b.tensor, shape.op_b, out.tensor, Write::add, stream);
  return {out.values, out.values + shape.m * shape.n};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// As in a model: hidden 128, experts 344, a router, a head; more than one block and tile each.
const std::vector<MatmulShape> model_shapes = {
    {592, 344, 128, plain, plain},      {592, 128, 344, plain, transposed},
    {592, 8, 128, plain, transposed},   {1040, 128, 592, transposed, plain},
    {64, 128, 2048, transposed, plain}, {512, 64, 1040, transposed, plain},
    {272, 512, 64, plain, plain},       {7, 344, 128, plain, transposed},
    {77, 128, 344, plain, plain},       {344, 128, 45, transposed, plain}};

TEST(Matmul, ThreadsDoNotChangeABit) {
  Stream one = Stream::cpu(1), two = Stream::cpu(2), three = Stream::cpu(3);
  for (const MatmulShape& shape : model_shapes) {
    const auto expected = product(shape, one);
    EXPECT_TRUE(same_bits(product(shape, two), expected)) << shape.m << " x " << shape.n;
    EXPECT_TRUE(same_bits(product(shape, three), expected)) << shape.m << " x " << shape.n;
  }
}

TEST(Matmul, AddressesDoNotChangeABit) {
  Stream stream = Stream::cpu(1);
  for (const MatmulShape& shape : model_shapes) {
    const auto expected = product(shape, stream);
    for (const std::int64_t shift : {1, 4, 8, 13}) {
      EXPECT_TRUE(same_bits(product(shape, stream, shift), expected)) << shape.m << ", " << shift;
    }
  }
}

// So that a document's bits do not depend on those that it shares a micro-batch with.
// Every row of a product beside what it is alone: matrices for our own kernel and for the library,
// short sums and long ones, every place in every tile.
TEST(Matmul, OtherRowsDoNotChangeABit) {
  constexpr std::int64_t rows = 470;
  Stream one = Stream::cpu(1), two = Stream::cpu(2);
  for (const auto& [n, k] : {std::pair{344, 128}, {344, 416}, {1024, 512}, {200, 1100}}) {
    for (const Op op_b : {plain, transposed}) {
      const Matrix a(rows, k, plain, 1), b(k, n, op_b, 2);
      const Matrix together(rows, n, plain, 3), alone(rows, n, plain, 3);
      matmul(a.tensor, plain, b.tensor, op_b, together.tensor, Write::add, two);
      for (std::int64_t row = 0; row < rows; ++row) {
        matmul(a.tensor.row_range(row, row + 1), plain, b.tensor, op_b,
               alone.tensor.row_range(row, row + 1), Write::add, one);
        const auto bytes = static_cast<std::size_t>(n) * sizeof(float);
        ASSERT_EQ(std::memcmp(together.values + row * n, alone.values + row * n, bytes), 0)
            << "row " << row << " of " << n << " x " << k << ", op " << static_cast<int>(op_b);
      }
    }
  }
}

TEST(Matmul, EarlierCallsDoNotChangeABit) {
  Stream used = Stream::cpu(1);
  expect_right(used);
  for (const MatmulShape& shape : model_shapes) {
    Stream fresh = Stream::cpu(1);
    EXPECT_TRUE(same_bits(product(shape, used), product(shape, fresh))) << shape.m;
  }
}

// One engine belongs to one stream, and a thread may work for several, in any order.
TEST(Matmul, StreamsMayComeAndGo) {
  const MatmulShape shape{32, 24, 24, plain, plain};
  Stream first = Stream::cpu(1);
  const auto expected = product(shape, first);
  {
    Stream second = Stream::cpu(1);
    EXPECT_TRUE(same_bits(product(shape, second), expected));
  }
  EXPECT_TRUE(same_bits(product(shape, first), expected));
}

TEST(Matmul, OneLibraryServesManyThreads) {
  MatmulLibrary library;
  const MatmulShape shape{16, 24, 40, plain, plain};
  const Matrix a(16, 40, plain, 1), b(40, 24, plain, 2);
  std::vector<std::vector<float>> results(4, std::vector<float>(16 * 24));
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        library.run(shape, Write::replace, {a.values, 40}, {b.values, 24}, result.data());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, results[0]));
}

// More rows, columns and terms than stand together in caches, ragged on every side; lanes along
// rows and along columns.
TEST(OwnMatmul, EveryElementIsOneAscendingSumOfFusedSteps) {
  for (const MatmulShape& shape :
       {MatmulShape{21, 37, 300, transposed, plain}, MatmulShape{201, 149, 515, plain, plain},
        MatmulShape{149, 203, 259, plain, transposed},
        MatmulShape{103, 45, 70, plain, transposed}}) {
    const Matrix a(shape.m, shape.k, shape.op_a, 1), b(shape.k, shape.n, shape.op_b, 2);
    std::vector<float> out(static_cast<std::size_t>(shape.m * shape.n));
    own_matmul(shape, Write::replace, {a.values, a.tensor.cols()}, {b.values, b.tensor.cols()},
               out.data());
    for (std::int64_t row = 0; row < shape.m; ++row) {
      for (std::int64_t col = 0; col < shape.n; ++col) {
        float sum = 0.0F;
        for (std::int64_t i = 0; i < shape.k; ++i) {
          sum = fma_f32(static_cast<float>(a.at(row, i)), static_cast<float>(b.at(i, col)), sum);
        }
        ASSERT_EQ(out[row * shape.n + col], sum) << shape.m << ", " << row << ", " << col;
      }
    }
  }
}

TEST(MatmulSelfTest, LibraryRepeatsItsBitsHere) {
  Stream stream = Stream::cpu(1);
  EXPECT_TRUE(self_test_matmul(model_shapes, stream).library_repeats);
  EXPECT_FALSE(matmul_library(stream).uses_fallback());
}

TEST(MatmulSelfTest, HashIsThatOfTheArithmetic) {
  Stream one = Stream::cpu(1), two = Stream::cpu(2), own = Stream::cpu(1);
  matmul_library(own).use_fallback();
  const std::uint64_t hash = self_test_matmul(model_shapes, one).hash;
  EXPECT_EQ(self_test_matmul(model_shapes, two).hash, hash);
  EXPECT_NE(self_test_matmul({model_shapes[0]}, one).hash, hash);
}

}  // namespace matmul_test
}  // namespace switchyard
