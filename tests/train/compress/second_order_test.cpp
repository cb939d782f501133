#include "train/compress/second_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/transform/magnitude.h"
#include "train/compress/wanda.h"

namespace switchyard {
namespace second_order_test {

constexpr std::int64_t rows = 6, cols = 160, samples = 400;

// As in tests/long/compress_golden.py, whose numbers are those of the authors' code in torch.
struct Problem {
  Problem() {
    std::ifstream file(SWITCHYARD_SOURCE_DIR "/tests/golden/compress.json");
    golden = nlohmann::json::parse(file);
    std::uint32_t state = 7;
    const auto draw = [&] {
      state = state * 1664525U + 1013904223U;
      return static_cast<double>(state >> 8) * 0x1p-24 - 0.5;
    };
    for (std::int64_t i = 0; i < rows * cols; ++i) weights.push_back(static_cast<float>(draw()));
    std::vector<double> inputs(static_cast<std::size_t>(samples * cols));
    for (double& input : inputs) input = draw();
    for (std::int64_t s = 0; s < samples; ++s) {
      double* const x = inputs.data() + s * cols;
      for (std::int64_t j = 1; j < cols; ++j) x[j] += 0.5 * x[j - 1];
      x[5] = 0.0;
      for (std::int64_t i = 0; i < cols; ++i) {
        for (std::int64_t j = 0; j < cols; ++j)
          products[static_cast<std::size_t>(i * cols + j)] += x[i] * x[j];
      }
    }
    for (std::int64_t i = 0; i < cols; ++i)
      squares.push_back(products[static_cast<std::size_t>(i * cols + i)]);
  }
  HessianFactor hessian() const { return hessian_factor(products, cols, 0.01); }

  nlohmann::json golden;
  std::vector<float> weights;
  std::vector<double> products = std::vector<double>(static_cast<std::size_t>(cols * cols));
  std::vector<double> squares;
};

void expect_codes(const nlohmann::json& right, std::span<const float> values,
                  std::span<const float> scales, const CodeFormat& format) {
  const auto right_scales = right["scales"].get<std::vector<float>>();
  ASSERT_EQ(scales.size(), right_scales.size());
  for (std::size_t i = 0; i < scales.size(); ++i)
    EXPECT_NEAR(scales[i], right_scales[i], 1e-6 * right_scales[i]);
  const auto codes = right["codes"].get<std::vector<int>>();
  ASSERT_EQ(values.size(), codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const float scale = scales[i / static_cast<std::size_t>(format.group)];
    EXPECT_EQ(std::lround(values[i] / scale), codes[i]) << i;
  }
}

TEST(WeightCodes, ToNearestAreThoseOfCompressedTensors) {
  const Problem problem;
  for (const CodeFormat& format : {CodeFormat{8, cols}, CodeFormat{4, 32}}) {
    std::vector<float> values, scales;
    for (auto group = problem.weights.begin(); group != problem.weights.end();
         group += format.group) {
      const std::span weights(&*group, static_cast<std::size_t>(format.group));
      scales.push_back(code_scale(weights, format.bits));
      for (const float weight : weights)
        values.push_back(code_of(weight, scales.back(), format.bits) * scales.back());
    }
    expect_codes(problem.golden[format.bits == 8 ? "nearest8" : "nearest4"], values, scales,
                 format);
  }
}

TEST(HessianFactor, IsThatOfTheInverse) {
  const std::int64_t n = 67;
  std::vector<double> matrix(static_cast<std::size_t>(n * n));
  const auto at = [&](auto& of, std::int64_t i, std::int64_t j) -> double& {
    return of[static_cast<std::size_t>(i * n + j)];
  };
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j)
      at(matrix, i, j) =
          std::exp(-0.05 * std::abs(static_cast<double>(i - j))) + (i == j ? 0.1 : 0);
  }
  HessianFactor factor = hessian_factor(matrix, n, 0.0);
  for (std::int64_t i = 0; i < n; ++i) {  // (U^T U) H = I
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0.0;
      for (std::int64_t k = 0; k < n; ++k) {
        double inverse = 0.0;
        for (std::int64_t l = 0; l <= std::min(i, k); ++l)
          inverse += at(factor.upper, l, i) * at(factor.upper, l, k);
        sum += inverse * at(matrix, k, j);
      }
      EXPECT_NEAR(sum, i == j ? 1.0 : 0.0, 1e-9);
    }
  }
  std::vector<double> singular(static_cast<std::size_t>(n * n), 1.0);
  singular[0] = -1.0;
  EXPECT_THROW(hessian_factor(singular, n, 0.0), Error);
}

TEST(SecondOrder, GptqIsThatOfItsAuthors) {
  const Problem problem;
  for (const CodeFormat& format : {CodeFormat{8, cols}, CodeFormat{4, 32}}) {
    std::vector<float> values = problem.weights;
    Stream stream = Stream::cpu(2);
    const std::vector<float> scales = gptq(values, format, problem.hessian(), stream);
    expect_codes(problem.golden[format.bits == 8 ? "gptq8" : "gptq4"], values, scales, format);
  }
}

TEST(SecondOrder, GptqWithoutAHessianIsToNearest) {
  const Problem problem;
  for (const CodeFormat& format : {CodeFormat{8, cols}, CodeFormat{4, 32}}) {
    std::vector<float> values = problem.weights;
    Stream stream = Stream::cpu(1);
    const std::vector<float> scales = gptq(values, format, no_hessian(cols), stream);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t group = i / static_cast<std::size_t>(format.group);
      const std::span weights(
          problem.weights.data() + group * static_cast<std::size_t>(format.group),
          static_cast<std::size_t>(format.group));
      EXPECT_EQ(scales[group], code_scale(weights, format.bits));
      EXPECT_EQ(values[i], code_of(problem.weights[i], scales[group], format.bits) * scales[group]);
    }
  }
}

TEST(SecondOrder, SparseGptIsThatOfItsAuthors) {
  const Problem problem;
  for (const Pattern pattern : {Pattern::any, Pattern::two_of_four}) {
    std::vector<float> values = problem.weights;
    Stream stream = Stream::cpu(2);
    sparse_gpt(values, 0.5, pattern, problem.hessian(), stream);
    const auto right = problem.golden[pattern == Pattern::any ? "sparse_gpt" : "sparse_gpt_2_4"]
                           .get<std::vector<double>>();
    for (std::size_t i = 0; i < right.size(); ++i) {
      EXPECT_EQ(values[i] == 0.0F, right[i] == 0.0) << i;
      EXPECT_NEAR(values[i], right[i], 1e-6) << i;
    }
  }
}

TEST(SecondOrder, SparseGptWithoutAHessianPrunesByMagnitude) {
  const Problem problem;
  std::vector<float> values = problem.weights;
  Stream stream = Stream::cpu(1);
  sparse_gpt(values, 0.4, Pattern::any, no_hessian(cols), stream);
  for (std::int64_t begin = 0; begin < cols; begin += 128) {
    std::vector<float> magnitudes;
    const std::int64_t end = std::min(cols, begin + 128);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = begin; c < end; ++c)
        magnitudes.push_back(std::abs(problem.weights[static_cast<std::size_t>(r * cols + c)]));
    }
    std::ranges::sort(magnitudes);
    const float threshold =
        magnitudes[static_cast<std::size_t>(0.4 * static_cast<double>(magnitudes.size()))];
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = begin; c < end; ++c) {
        const auto i = static_cast<std::size_t>(r * cols + c);
        EXPECT_EQ(values[i], std::abs(problem.weights[i]) <= threshold ? 0.0F : problem.weights[i]);
      }
    }
  }
  values = problem.weights;
  sparse_gpt(values, 0.0, Pattern::any, no_hessian(cols), stream);
  EXPECT_EQ(values, problem.weights);
}

TEST(Wanda, IsThatOfItsAuthors) {
  const Problem problem;
  std::vector<float> values = problem.weights;
  wanda(values, problem.squares, 0.5, Pattern::any);
  const auto mask = problem.golden["wanda"].get<std::vector<int>>();
  for (std::size_t i = 0; i < mask.size(); ++i)
    EXPECT_EQ(values[i], mask[i] != 0 ? 0.0F : problem.weights[i]);
}

// What the layer computes changes less, the more a method knows: the aim of all of them.
TEST(SecondOrder, ErrorsFallFromMagnitudeToWandaToSparseGpt) {
  const Problem problem;
  const auto error = [&](const std::vector<float>& values) {
    double sum = 0.0;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < cols; ++i) {
        for (std::int64_t j = 0; j < cols; ++j) {
          const auto d = [&](std::int64_t c) {
            const auto at = static_cast<std::size_t>(r * cols + c);
            return static_cast<double>(values[at]) - static_cast<double>(problem.weights[at]);
          };
          sum += d(i) * problem.products[static_cast<std::size_t>(i * cols + j)] * d(j);
        }
      }
    }
    return sum;
  };
  Stream stream = Stream::cpu(1);
  std::vector<float> magnitude = problem.weights, by_wanda = problem.weights,
                     by_gpt = problem.weights;
  const std::vector<double> alike(cols, 1.0);
  wanda(magnitude, alike, 0.5, Pattern::any);
  wanda(by_wanda, problem.squares, 0.5, Pattern::any);
  sparse_gpt(by_gpt, 0.5, Pattern::any, problem.hessian(), stream);
  EXPECT_LT(error(by_gpt), error(by_wanda));
  EXPECT_LE(error(by_wanda), error(magnitude));
}

}  // namespace second_order_test
}  // namespace switchyard
