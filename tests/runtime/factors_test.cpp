#include "runtime/factors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard {
namespace factors_test {

std::vector<float> normals(std::int64_t count) {
  const Random random(5, Purpose::init);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i));
  return values;
}

double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return sum;
}

double squared_norm(const std::vector<float>& a) {
  return squared_distance(a, std::vector<float>(a.size(), 0.0F));
}

// A matrix with known singular values 8, 4, 2, 1 (both bases are Hadamard's, over 2).
TEST(Factors, KeepTheLargestSingularValues) {
  constexpr int hadamard[4][4] = {{1, 1, 1, 1}, {1, -1, 1, -1}, {1, 1, -1, -1}, {1, -1, -1, 1}};
  const double values[] = {8, 4, 2, 1};
  std::vector<float> matrix(16);
  for (std::size_t r = 0; r < 4; ++r)
    for (std::size_t c = 0; c < 4; ++c)
      for (std::size_t k = 0; k < 4; ++k)
        matrix[4 * r + c] += static_cast<float>(values[k] * hadamard[r][k] * hadamard[k][c] / 4.0);
  for (std::int64_t rank = 1; rank <= 4; ++rank) {
    const Factors factors = factors_of(matrix, 4, 4, rank);
    double left = 0.0, all = 0.0;
    for (std::int64_t k = 0; k < 4; ++k) {
      all += values[k] * values[k];
      if (k >= rank) left += values[k] * values[k];
    }
    EXPECT_NEAR(squared_distance(product_of(factors, 4, 4), matrix), left, 1e-5);
    EXPECT_NEAR(factors.kept, 1.0 - left / all, 1e-6);
  }
}

// Both shapes; the factors are balanced: U^T U = V V^T = S.
TEST(Factors, FullRankIsTheMatrixAndFactorsAreBalanced) {
  for (const auto& [out, in] : {std::pair(24, 40), std::pair(40, 24)}) {
    const std::vector<float> matrix = normals(out * in);
    const Factors full = factors_of(matrix, out, in, 24);
    EXPECT_LT(std::sqrt(squared_distance(product_of(full, out, in), matrix)),
              1e-5 * std::sqrt(squared_norm(matrix)));
    const Factors half = factors_of(matrix, out, in, 12);
    EXPECT_NEAR(squared_distance(product_of(half, out, in), matrix),
                (1.0 - half.kept) * squared_norm(matrix), 1e-4 * squared_norm(matrix));
    EXPECT_NEAR(squared_norm(half.u), squared_norm(half.v), 1e-4 * squared_norm(half.u));
  }
}

TEST(Factors, ZerosGiveZeros) {
  const Factors factors = factors_of(std::vector<float>(12), 3, 4, 2);
  EXPECT_EQ(squared_norm(factors.u) + squared_norm(factors.v), 0.0);
  EXPECT_EQ(factors.kept, 1.0);
  EXPECT_THROW(factors_of(std::vector<float>(12, NAN), 3, 4, 2), Error);
}

}  // namespace factors_test
}  // namespace switchyard
