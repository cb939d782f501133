#include "runtime/params/linear.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/random.h"

namespace switchyard {
namespace linear_test {

constexpr std::int64_t rows = 16, in = 10, out = 6, rank = 3;
using Kind = LinearTerms::Kind;

void fill(Tensor tensor, std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  for (std::int64_t i = 0; i < tensor.size(); ++i)
    tensor.as<float>()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
}

std::vector<double> as_doubles(Tensor tensor) {
  return {tensor.as<float>(), tensor.as<float>() + tensor.size()};
}

// One layer of a kind with made-up matrices.
struct Case {
  Stream stream = Stream::cpu(1);
  Params params;
  Linear layer;
  Buffer x{Shape{rows, in}, DType::f32}, y{Shape{rows, out}, DType::f32};
  Buffer d_y{Shape{rows, out}, DType::f32}, d_x{Shape{rows, in}, DType::f32};
  Buffer narrow{Shape{rows, rank}, DType::f32}, scaled{Shape{rows, in}, DType::f32};
  double weight_share = 1.0, chain_share = 0.0;

  Case(Kind kind, float share, bool exact)
      : params({},
               [=](std::string_view) {
                 return LinearTerms{kind, kind == Kind::dense ? 0 : rank, share};
               }),
        layer(params, {.name = "w", .shape = {out, in}, .init_std = 0.5}) {
    params.allocate({.exact = exact, .format = fixed_point_for(1024, 1)});
    params.initialize(3);
    for (const ParamId id : layer.matrices())
      fill(params.value(id), 10 + static_cast<std::uint64_t>(id));
    if (kind == Kind::adapted) chain_share = share;
    if (kind == Kind::low_rank) weight_share = 0.0, chain_share = 1.0;
    if (kind == Kind::guided) {
      params.set_guide_share(layer.id(Factor::weight), share);
      weight_share = share;
      chain_share = 1.0 - share;
    }
    fill(x, 1);
    fill(d_y, 2);
    layer.forward(params, x, y, stream, work());
    params.zero_gradients(stream);
    layer.weight_gradient(params, d_y, x, stream, work());
    layer.input_gradient(params, d_y, d_x, Write::replace, stream, work());
  }
  Linear::Work work() const {
    return {layer.rank() > 0 ? narrow.tensor() : Tensor{}, scaled, nullptr};
  }
  std::vector<double> values(Factor factor) {
    return layer.id(factor) < 0 ? std::vector<double>{}
                                : as_doubles(params.value(layer.id(factor)));
  }
};

// y in double; operands: x, W, A, B (empty where the layer has none).
std::vector<double> formula(const Case& c, const std::vector<double> (&operands)[4]) {
  const auto& [x, w, a, b] = operands;
  std::vector<double> y;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t o = 0; o < out; ++o) {
      double sum = 0.0;
      for (std::int64_t i = 0; i < in; ++i) {
        const auto at = [&](const std::vector<double>& m, std::int64_t k) {
          return m[static_cast<std::size_t>(k)];
        };
        double matrix = w.empty() ? 0.0 : c.weight_share * at(w, o * in + i);
        for (std::int64_t k = 0; k < rank && !a.empty(); ++k)
          matrix += c.chain_share * at(b, o * rank + k) * at(a, k * in + i);
        sum += matrix * at(x, r * in + i);
      }
      y.push_back(sum);
    }
  }
  return y;
}

class LinearSums : public testing::TestWithParam<std::tuple<Kind, float, bool>> {};

TEST_P(LinearSums, ForwardAndEveryGradientMatchTheFormulaInDouble) {
  const auto [kind, share, exact] = GetParam();
  Case c(kind, share, exact);
  std::vector<double> operands[4] = {as_doubles(c.x), c.values(Factor::weight),
                                     c.values(Factor::first), c.values(Factor::second)};
  const std::vector<double> y = formula(c, operands), got = as_doubles(c.y),
                            d_y = as_doubles(c.d_y);
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(got[i], y[i], 1e-4);
  for (std::size_t which = 0; which < 4; ++which) {
    if (operands[which].empty()) continue;
    Buffer gradient(Shape{std::ssize(operands[which])}, DType::f32);
    if (which == 0) {
      std::copy_n(c.d_x.tensor().as<float>(), gradient.tensor().size(),
                  gradient.tensor().as<float>());
    } else {
      c.params.read_gradient(c.layer.id(static_cast<Factor>(which - 1)), gradient, c.stream);
    }
    for (std::size_t i = 0; i < operands[which].size(); ++i) {
      const double kept = operands[which][i], h = 1e-4;
      const auto at = [&](double value) {
        operands[which][i] = value;
        const std::vector<double> result = formula(c, operands);
        double objective = 0.0;
        for (std::size_t j = 0; j < result.size(); ++j) objective += result[j] * d_y[j];
        return objective;
      };
      const double slope = (at(kept + h) - at(kept - h)) / (2 * h);
      operands[which][i] = kept;
      ASSERT_NEAR(static_cast<double>(gradient.tensor().as<float>()[i]), slope,
                  1e-4 * std::max(1.0, std::abs(slope)))
          << "operand " << which << " element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllKinds, LinearSums,
    testing::Values(std::tuple(Kind::dense, 1.0F, true), std::tuple(Kind::adapted, 0.75F, true),
                    std::tuple(Kind::adapted, 1.0F, false), std::tuple(Kind::low_rank, 1.0F, true),
                    std::tuple(Kind::guided, 0.375F, true), std::tuple(Kind::guided, 1.0F, true),
                    std::tuple(Kind::guided, 0.0F, false)));

Params drawn(Kind kind) {
  Params params({}, [=](std::string_view) { return LinearTerms{kind, rank, 1.0F}; });
  const Linear layer(params, {.name = "w", .shape = {out, in}, .init_std = 0.5});
  params.allocate({.use = ParamUse::inference});
  params.initialize(3);
  return params;
}

TEST(LinearInit, AdapterIsUniformTimesZero) {
  Params params = drawn(Kind::adapted), plain;
  for (const double b : as_doubles(params.value(params.find("w.lora_b")))) EXPECT_EQ(b, 0.0);
  const double bound = 1.0 / std::sqrt(10.0);
  double largest = 0.0;
  for (const double a : as_doubles(params.value(params.find("w.lora_a"))))
    largest = std::max(largest, std::abs(a));
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.8 * bound);
  const Linear dense(plain, {.name = "w", .shape = {out, in}, .init_std = 0.5});
  plain.allocate({.use = ParamUse::inference});
  plain.initialize(3);
  EXPECT_EQ(as_doubles(plain.value(0)), as_doubles(params.value(params.find("w"))));
}

TEST(LinearInit, GuideIsTheProductOfTheFactors) {
  Params params = drawn(Kind::guided);
  const std::vector<double> guide = as_doubles(params.value(params.find("w.guide"))),
                            v = as_doubles(params.value(params.find("w.v"))),
                            u = as_doubles(params.value(params.find("w.u")));
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t i = 0; i < in; ++i) {
      double sum = 0.0;
      for (std::size_t k = 0; k < rank; ++k) sum += u[o * rank + k] * v[k * in + i];
      EXPECT_NEAR(guide[o * in + i], sum, 1e-6);
    }
  }
  EXPECT_EQ(as_doubles(drawn(Kind::low_rank).value(0)), v);
}

}  // namespace linear_test
}  // namespace switchyard
