#include "train/compress/hessian_factor.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {
namespace {

// Rows that are in the second-level cache together.
constexpr std::int64_t rows_at_once = 32;

SWITCHYARD_MULTIVERSION
double dot(const double* a, const double* b, std::int64_t count) {
  constexpr int lanes = 16;
  double sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (int j = 0; j < lanes; ++j) sums[j] = __builtin_fma(a[i + j], b[i + j], sums[j]);
  }
  double sum = 0.0;
  for (const double part : sums) sum += part;
  for (; i < count; ++i) sum = __builtin_fma(a[i], b[i], sum);
  return sum;
}

SWITCHYARD_MULTIVERSION
void add_scaled_row(double factor, const double* from, std::int64_t count, double* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = __builtin_fma(factor, from[i], to[i]);
}

// The upper half of h becomes R with R R^T = h, from the last column to the first.
void factor_backwards(std::vector<double>& h, std::int64_t n) {
  const auto row = [&](std::int64_t i) { return h.data() + i * n; };
  for (std::int64_t end = n; end > 0;) {
    const std::int64_t begin = std::max(std::int64_t{0}, end - rows_at_once);
    for (std::int64_t i = 0; i < end; ++i) {
      for (std::int64_t j = std::max(i, begin); j < end; ++j)
        row(i)[j] -= dot(row(i) + end, row(j) + end, n - end);
    }
    for (std::int64_t j = end - 1; j >= begin; --j) {
      const double square = row(j)[j] - dot(row(j) + j + 1, row(j) + j + 1, end - j - 1);
      require(square > 0.0 && std::isfinite(square), Exit::numerical,
              "the inputs of a layer depend on one another so much that X^T X cannot be inverted: "
              "raise damping, or calibrate with more tokens");
      row(j)[j] = std::sqrt(square);
      for (std::int64_t i = 0; i < j; ++i)
        row(i)[j] = (row(i)[j] - dot(row(i) + j + 1, row(j) + j + 1, end - j - 1)) / row(j)[j];
    }
    end = begin;
  }
}

// The inverse of an upper triangle.
std::vector<double> inverse_of(const std::vector<double>& r, std::int64_t n) {
  std::vector<double> inverse(r.size());
  const auto row = [&](std::int64_t i) { return inverse.data() + i * n; };
  for (std::int64_t end = n; end > 0;) {
    const std::int64_t begin = std::max(std::int64_t{0}, end - rows_at_once);
    for (std::int64_t i = begin; i < end; ++i) row(i)[i] = 1.0;
    for (std::int64_t k = end; k < n; ++k) {
      for (std::int64_t i = begin; i < end; ++i)
        add_scaled_row(-r[static_cast<std::size_t>(i * n + k)], row(k) + k, n - k, row(i) + k);
    }
    for (std::int64_t i = end - 1; i >= begin; --i) {
      for (std::int64_t k = i + 1; k < end; ++k)
        add_scaled_row(-r[static_cast<std::size_t>(i * n + k)], row(k) + k, n - k, row(i) + k);
      const double diagonal = r[static_cast<std::size_t>(i * n + i)];
      for (std::int64_t j = i; j < n; ++j) row(i)[j] /= diagonal;
    }
    end = begin;
  }
  return inverse;
}

}  // namespace

HessianFactor hessian_factor(std::vector<double> products, std::int64_t size, double damping) {
  HessianFactor factor{size, {}, std::vector<bool>(static_cast<std::size_t>(size))};
  const auto diagonal = [&](std::int64_t i) -> double& {
    return products[static_cast<std::size_t>(i * size + i)];
  };
  double sum = 0.0;
  for (std::int64_t i = 0; i < size; ++i) {
    factor.dead[static_cast<std::size_t>(i)] = diagonal(i) == 0.0;
    if (diagonal(i) == 0.0) diagonal(i) = 1.0;
    sum += diagonal(i);
  }
  for (std::int64_t i = 0; i < size; ++i) diagonal(i) += damping * sum / static_cast<double>(size);
  factor_backwards(products, size);
  factor.upper = inverse_of(products, size);
  return factor;
}

HessianFactor no_hessian(std::int64_t size) {
  HessianFactor factor{size, std::vector<double>(static_cast<std::size_t>(size * size)),
                       std::vector<bool>(static_cast<std::size_t>(size))};
  for (std::int64_t i = 0; i < size; ++i)
    factor.upper[static_cast<std::size_t>(i * size + i)] = 1.0;
  return factor;
}

}  // namespace switchyard
