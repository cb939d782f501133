// Test tensors, comparisons, and gradients by central finite differences of a reference in double.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "runtime/random.h"
#include "runtime/tensor.h"

namespace switchyard::reference {

// Normal numbers; `stream` makes tensors of one test differ.
inline std::vector<float> normals(std::int64_t count, std::uint64_t stream,
                                  double deviation = 1.0) {
  const Random random(stream, Purpose::init);
  std::vector<float> result;
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(static_cast<float>(deviation * random.normal(static_cast<std::uint64_t>(i))));
  }
  return result;
}

inline std::vector<double> widened(const std::vector<float>& x) { return {x.begin(), x.end()}; }

template <class T>
Tensor tensor_of(std::vector<T>& x, Shape shape) {
  return switchyard::tensor_of(x.data(), shape);
}

template <class T>
Tensor tensor_of(std::vector<T>& x) {
  return switchyard::tensor_of(x.data(), {static_cast<std::int64_t>(x.size())});
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The derivative of f with respect to x[i].
inline double finite_difference(const std::function<double(const std::vector<double>&)>& f,
                                std::vector<double> x, std::size_t i) {
  const double middle = x[i];
  const double step = 1e-5;
  x[i] = middle + step;
  const double above = f(x);
  x[i] = middle - step;
  return (above - f(x)) / (2.0 * step);
}

// Each element within `tolerance` of the expected one, relative to it or to the root mean square of
// all of them.
inline void expect_close(const std::vector<float>& got, const std::vector<double>& expected,
                         double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  const double size = static_cast<double>(expected.size());
  const double typical = std::sqrt(dot(expected, expected) / size);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], tolerance * std::fmax(typical, std::fabs(expected[i])))
        << "element " << i << " of " << got.size();
  }
}

// `gradient` against finite differences of f at x, in about `samples` elements spread over x.
inline void expect_gradient(const std::vector<float>& gradient,
                            const std::function<double(const std::vector<double>&)>& f,
                            const std::vector<double>& x, std::size_t samples = 200) {
  ASSERT_EQ(gradient.size(), x.size());
  std::vector<float> got;
  std::vector<double> expected;
  for (std::size_t i = 0; i < x.size(); i += x.size() / samples + 1) {
    got.push_back(gradient[i]);
    expected.push_back(finite_difference(f, x, i));
  }
  expect_close(got, expected, 2e-5);
}

}  // namespace switchyard::reference
