#include "experts/ffn.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/random.h"

namespace switchyard {
namespace ffn_test {

constexpr std::int64_t rows = 16, hidden = 10, inner = 14;

std::vector<double> as_doubles(Tensor tensor) {
  return {tensor.as<float>(), tensor.as<float>() + tensor.size()};
}

// The network and its parameters, in f32 as the program computes it, and in double, written out
// plainly.
struct Case {
  Stream stream = Stream::cpu(1);
  Params params;
  Ffn ffn;
  Arena arena;
  Buffer x{Shape{rows, hidden}, DType::f32}, d_out{Shape{rows, hidden}, DType::f32};
  Buffer out{Shape{rows, hidden}, DType::f32}, d_x{Shape{rows, hidden}, DType::f32};
  Ffn::Saved saved = Ffn::take(arena, rows, inner);

  explicit Case(bool exact) : ffn(params, "ffn", {hidden, inner, 0.5, 0.5}) {
    params.allocate({.exact = exact, .format = fixed_point_for(1024, 1)});
    params.initialize(3);
    fill(x, 1);
    fill(d_out, 2);
    ffn.forward(params, x, saved, out, stream);
  }

  static void fill(Tensor tensor, std::uint64_t seed) {
    const Random random(seed, Purpose::init);
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      tensor.as<float>()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    }
  }

  Tensor weight(const char* part) { return params.value(params.find(std::string("ffn.") + part)); }

  // sum(out * d_out) for given weights and inputs, all in double.
  static double objective(const std::vector<double>& x, const std::vector<double>& gate,
                          const std::vector<double>& up, const std::vector<double>& down,
                          const std::vector<double>& d_out, std::vector<double>* out = nullptr) {
    double total = 0.0;
    for (std::size_t r = 0; r < rows; ++r) {
      std::vector<double> product(inner);
      for (std::size_t i = 0; i < inner; ++i) {
        double g = 0.0, u = 0.0;
        for (std::size_t h = 0; h < hidden; ++h) {
          g += x[r * hidden + h] * gate[i * hidden + h];
          u += x[r * hidden + h] * up[i * hidden + h];
        }
        product[i] = g / (1.0 + std::exp(-g)) * u;
      }
      for (std::size_t h = 0; h < hidden; ++h) {
        double y = 0.0;
        for (std::size_t i = 0; i < inner; ++i) y += product[i] * down[h * inner + i];
        if (out != nullptr) out->push_back(y);
        total += y * d_out[r * hidden + h];
      }
    }
    return total;
  }
};

TEST(Ffn, ForwardEqualsTheFormulaInDouble) {
  Case c(false);
  std::vector<double> expected;
  Case::objective(as_doubles(c.x), as_doubles(c.weight("gate")), as_doubles(c.weight("up")),
                  as_doubles(c.weight("down")), as_doubles(c.d_out), &expected);
  const std::vector<double> out = as_doubles(c.out);
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], expected[i], 1e-4);
}

TEST(Ffn, EveryGradientMatchesFiniteDifferences) {
  for (const bool exact : {false, true}) {
    Case c(exact);
    std::vector<double> operands[] = {as_doubles(c.x), as_doubles(c.weight("gate")),
                                      as_doubles(c.weight("up")), as_doubles(c.weight("down"))};
    const std::vector<double> d_out = as_doubles(c.d_out);
    c.params.zero_gradients(c.stream);
    c.ffn.backward(c.params, c.x, c.saved, c.d_out, c.d_x, c.stream);
    const char* parts[] = {"", "gate", "up", "down"};
    for (std::size_t which = 0; which < 4; ++which) {
      Buffer gradient(Shape{std::ssize(operands[which])}, DType::f32);
      if (which == 0) {
        std::copy_n(c.d_x.tensor().as<float>(), gradient.tensor().size(),
                    gradient.tensor().as<float>());
      } else {
        c.params.read_gradient(c.params.find(std::string("ffn.") + parts[which]), gradient,
                               c.stream);
      }
      for (std::size_t i = 0; i < operands[which].size(); ++i) {
        const double kept = operands[which][i], h = 1e-5;
        const auto at = [&](double value) {
          operands[which][i] = value;
          return Case::objective(operands[0], operands[1], operands[2], operands[3], d_out);
        };
        const double slope = (at(kept + h) - at(kept - h)) / (2 * h);
        operands[which][i] = kept;
        EXPECT_NEAR(static_cast<double>(gradient.tensor().as<float>()[i]), slope,
                    1e-4 * std::max(1.0, std::abs(slope)));
      }
    }
  }
}

TEST(Ffn, ZeroRowsGiveZeroRows) {
  Case c(false);
  Buffer zeros(Shape{rows, hidden}, DType::f32);
  c.ffn.forward(c.params, zeros, c.saved, c.out, c.stream);
  for (const double y : as_doubles(c.out)) EXPECT_EQ(y, 0.0);
}

}  // namespace ffn_test
}  // namespace switchyard
