#include "runtime/codes/coded_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "runtime/math.h"

namespace switchyard {
namespace coded_weights_test {

struct Matrix {
  Matrix(std::int64_t rows, std::int64_t cols, std::uint32_t seed)
      : buffer(Shape{rows, cols}, DType::f32) {
    for (std::int64_t i = 0; i < rows * cols; ++i) {
      seed = seed * 1664525U + 1013904223U;
      buffer.tensor().as<float>()[i] = static_cast<float>(seed >> 8) * 0x1p-24F - 0.5F;
    }
  }
  float at(std::int64_t row, std::int64_t col) const {
    return buffer.tensor().as<float>()[row * buffer.tensor().cols() + col];
  }
  Buffer buffer;
};

struct Coded {
  Coded(const Matrix& matrix, const CodeFormat& format)
      : weights(matrix.buffer.tensor().shape, format),
        decoded(matrix.buffer.tensor().shape, DType::f32) {
    const Tensor w = matrix.buffer;
    std::vector<std::byte> bytes;
    for (std::int64_t begin = 0; begin < w.size(); begin += format.group) {
      const std::span group(w.as<float>() + begin, static_cast<std::size_t>(format.group));
      scales.push_back(code_scale(group, format.bits));
      for (std::size_t i = 0; i < group.size(); ++i) {
        codes.push_back(code_of(group[i], scales.back(), format.bits));
        if (format.bits == 8)
          bytes.push_back(static_cast<std::byte>(static_cast<int>(codes.back())));
        if (format.bits == 4 && i % 2 == 1)
          bytes.push_back(packed_int4(codes[codes.size() - 2], codes.back()));
      }
    }
    weights.set(bytes, scales);
    decode_weights(bytes, scales, format,
                   {decoded.tensor().as<float>(), static_cast<std::size_t>(w.size())});
  }
  CodedWeights weights;
  std::vector<float> codes, scales;
  Buffer decoded;
};

const std::vector<CodeFormat> formats = {{8, 96}, {8, 3}, {8, 32}, {4, 96},
                                         {4, 2},  {4, 6}, {4, 32}};

TEST(WeightCodes, AreWithinHalfAScale) {
  const Matrix w(5, 96, 3);
  for (const CodeFormat& format : formats) {
    const Coded coded(w, format);
    for (std::int64_t i = 0; i < 5 * 96; ++i) {
      const double scale = coded.scales[static_cast<std::size_t>(i / format.group)];
      const double error = w.buffer.tensor().as<float>()[i] - coded.decoded.tensor().as<float>()[i];
      EXPECT_LE(std::abs(error), 0.5 * scale * (1 + 4e-5));  // f32 rounds the scale
    }
  }
}

TEST(WeightCodes, OfInt4ComeInPairs) {
  for (int first = -8; first < 8; ++first) {
    for (int second = -8; second < 8; ++second) {
      const std::byte pair = packed_int4(static_cast<float>(first), static_cast<float>(second));
      EXPECT_EQ(unpacked_int4(pair, false), first);
      EXPECT_EQ(unpacked_int4(pair, true), second);
    }
  }
}

TEST(WeightCodes, OfZerosAreZerosAndOfNanThereAreNone) {
  const std::vector<float> zeros(4), nan = {1, NAN, 0, 0};
  EXPECT_EQ(code_of(0.0F, code_scale(zeros, 8), 8), 0.0F);
  EXPECT_TRUE(std::isnan(code_scale(nan, 4)));
}

// One sum of fused multiply-adds for each group, and one over the groups.
float defined(const Matrix& x, const Coded& coded, std::int64_t row, std::int64_t out) {
  const std::int64_t in = coded.weights.shape()[1], group = coded.weights.format().group;
  float total = 0.0F;
  for (std::int64_t g = 0; g < in / group; ++g) {
    float sum = 0.0F;
    for (std::int64_t i = g * group; i < (g + 1) * group; ++i)
      sum = fma_f32(x.at(row, i), coded.codes[static_cast<std::size_t>(out * in + i)], sum);
    total = fma_f32(sum, coded.scales[static_cast<std::size_t>(out * (in / group) + g)], total);
  }
  return total;
}

TEST(CodedWeights, MultiplyAsDefinedBesideAnyRowsOnAnyThreads) {
  for (const std::int64_t out : {1, 16, 37, 250}) {
    const Matrix w(out, 96, 5);
    for (const CodeFormat& format : formats) {
      const Coded coded(w, format);
      for (const std::int64_t rows : {1, 2, 3, 4, 5, 6, 7, 13}) {
        const Matrix x(rows, 96, 9);
        Matrix y(rows, out, 1);
        Stream stream = Stream::cpu(rows % 2 == 0 ? 2 : 1);
        coded.weights.multiply(x.buffer, y.buffer, stream);
        for (std::int64_t row = 0; row < rows; ++row) {
          for (std::int64_t i = 0; i < out; ++i)
            ASSERT_EQ(y.at(row, i), defined(x, coded, row, i))
                << format.bits << " " << format.group << " " << rows << " " << row << " " << i;
        }
      }
    }
  }
}

TEST(CodedWeights, TakeAQuarterAndAnEighth) {
  const std::int64_t f32 = 1024 * 1024 * 4;
  const CodedWeights int8({1024, 1024}, {8, 1024}), int4({1024, 1024}, {4, 128});
  EXPECT_EQ(int8.bytes(), f32 / 4 + 1024 * 4);
  EXPECT_EQ(int4.bytes(), f32 / 8 + 1024 * 8 * 4);
}

}  // namespace coded_weights_test
}  // namespace switchyard
