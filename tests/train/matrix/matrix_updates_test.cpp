// Muon and GaLore beside the authors' code in PyTorch, and what their papers promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "runtime/random.h"
#include "train/matrix/galore.h"
#include "train/matrix/matrix_state.h"
#include "train/matrix/muon.h"
#include "train/matrix/newton_schulz.h"
#include "train/matrix/subspace.h"

namespace switchyard {
namespace matrix_updates_test {

using Doubles = std::vector<double>;

// The gradients and first weights of the goldens.
Doubles gradient(int step, const Shape& shape) {
  Doubles all;
  for (std::int64_t i = 0; i < shape[0]; ++i)
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      const auto row = static_cast<double>(i), col = static_cast<double>(j);
      all.push_back(std::sin(1.7 * row + 0.9 * col * (row + 1) + 2.3 * step) * (1 + 0.1 * step));
    }
  return all;
}
Doubles first_weights(const Shape& shape) {
  Doubles all;
  for (std::int64_t i = 0; i < shape[0]; ++i)
    for (std::int64_t j = 0; j < shape[1]; ++j)
      all.push_back(0.5 * std::cos(0.8 * static_cast<double>(i) - 1.1 * static_cast<double>(j)));
  return all;
}

Buffer f32_of(const Doubles& values, const Shape& shape) {
  Buffer buffer(shape, DType::f32);
  std::transform(values.begin(), values.end(), buffer.tensor().as<float>(),
                 [](double value) { return static_cast<float>(value); });
  return buffer;
}

Buffer normals(const Shape& shape, std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  Doubles values;
  for (std::int64_t i = 0; i < shape.size(); ++i)
    values.push_back(random.normal(static_cast<std::uint64_t>(i)));
  return f32_of(values, shape);
}

void expect_near(Tensor found, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(found.size(), std::ssize(expected));
  for (std::int64_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found.as<float>()[i], expected[static_cast<std::size_t>(i)], tolerance) << i;
}

// a b, or a b^T, with rows of a as long as those of b^T.
Doubles product(const Doubles& a, const Doubles& b, std::size_t rows, std::size_t inner,
                std::size_t cols, bool transposed) {
  Doubles out(rows * cols, 0.0);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j)
      for (std::size_t k = 0; k < inner; ++k)
        out[i * cols + j] += a[i * inner + k] * (transposed ? b[j * inner + k] : b[k * cols + j]);
  return out;
}

// In double, of a matrix with no more rows than columns.
Doubles reference_newton_schulz(Doubles x, std::size_t rows, std::size_t cols) {
  const double norm = std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
  for (double& each : x) each /= norm + 1e-7;
  for (int step = 0; step < 5; ++step) {
    const Doubles gram = product(x, x, rows, cols, rows, true);
    Doubles power = product(gram, gram, rows, rows, rows, false);
    for (std::size_t i = 0; i < power.size(); ++i) power[i] = -4.7750 * gram[i] + 2.0315 * power[i];
    const Doubles added = product(power, x, rows, rows, cols, false);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 3.4445 * x[i] + added[i];
  }
  return x;
}

Tensor orthogonal(Buffer& x, Buffer& other, Stream& stream) {
  const Shape shape = x.tensor().shape;
  const std::int64_t small = std::min(shape[0], shape[1]);
  const Buffer squares({2 * small * small}, DType::f32);
  return newton_schulz(x, other, squares, stream);
}

TEST(NewtonSchulz, IsWhatDoublesGiveForAMatrixAndItsTranspose) {
  Stream stream = Stream::cpu(2);
  const Shape wide{48, 80}, tall{80, 48};
  Buffer x = normals(wide, 1), turned(tall, DType::f32), other(wide, DType::f32),
         other_turned(tall, DType::f32);
  for (std::int64_t i = 0; i < 48; ++i)
    for (std::int64_t j = 0; j < 80; ++j)
      turned.tensor().as<float>()[j * 48 + i] = x.tensor().as<float>()[i * 80 + j];
  const float* values = x.tensor().as<float>();
  const Doubles expected =
      reference_newton_schulz(Doubles(values, values + x.tensor().size()), 48, 80);
  const Tensor found = orthogonal(x, other, stream),
               found_turned = orthogonal(turned, other_turned, stream);
  for (std::int64_t i = 0; i < 48; ++i)
    for (std::int64_t j = 0; j < 80; ++j) {
      const double value = expected[static_cast<std::size_t>(i * 80 + j)];
      EXPECT_NEAR(found.as<float>()[i * 80 + j], value, 1e-5);
      EXPECT_NEAR(found_turned.as<float>()[j * 48 + i], value, 1e-5);
    }
}

// A diagonal matrix shows its singular values: here from 0.01 of the norm to nearly all of it.
TEST(NewtonSchulz, SingularValuesEndNearOne) {
  Stream stream = Stream::cpu(1);
  constexpr std::int64_t n = 8;
  Buffer x({n, n}, DType::f32), other({n, n}, DType::f32);
  for (std::int64_t i = 0; i < n; ++i)
    x.tensor().as<float>()[i * (n + 1)] = std::pow(2.0F, -static_cast<float>(i) * 0.9F);
  const Tensor found = orthogonal(x, other, stream);
  for (std::int64_t i = 0; i < n; ++i) {
    EXPECT_GT(found.as<float>()[i * (n + 1)], 0.6F) << i;
    EXPECT_LT(found.as<float>()[i * (n + 1)], 1.3F) << i;
  }
}

// Three steps of torch.optim.Muon (PyTorch 2.15, match_rms_adamw, rate 0.02, decay 0.1, momentum
// 0.95), which was made to orthogonalize in f32 and not in bf16 (within 4e-4 of these).
TEST(Muon, UpdatesAsPyTorchDoes) {
  const std::vector<std::pair<Shape, std::vector<float>>> goldens = {
      {Shape{5, 3},
       {0.49450082F, 0.22209489F, -0.29594216F, 0.34115204F, 0.47529852F, 0.090244137F,
        -0.012661904F, 0.43882853F, 0.40611491F, -0.36194536F, 0.12966852F, 0.48966101F,
        -0.4964872F, -0.24408969F, 0.26839033F}},
      {Shape{3, 5},
       {0.49579746F, 0.22290303F, -0.29781273F, -0.49281436F, -0.15330134F, 0.34064505F,
        0.47501054F, 0.08601401F, -0.400172F, -0.44916049F, -0.016140724F, 0.43668443F, 0.4058747F,
        -0.06128414F, -0.4730843F}}};
  Stream stream = Stream::cpu(1);
  for (const auto& [shape, expected] : goldens) {
    const Buffer value = f32_of(first_weights(shape), shape), moment(shape, DType::f32);
    const TrainConfig config{.optimizer = MatrixOptimizer::muon};
    const Buffer scratch({matrix_work(config, shape).scratch_elements}, DType::f32);
    for (int step = 0; step < 3; ++step) {
      const Buffer of_step = f32_of(gradient(step, shape), shape);
      muon_update({of_step, 1.0, value, moment, {0.02F, muon_scale(shape), 0.1F}}, 0.95F, scratch,
                  stream);
    }
    expect_near(value, expected, 2e-6);
  }
}

struct Galore {
  GaloreConfig config;
  Buffer value, first, second, projection, scratch;

  Galore(const GaloreConfig& galore, const Shape& shape)
      : config(galore), value(f32_of(first_weights(shape), shape)) {
    const TrainConfig train{.galore = galore};
    const ParamState state = matrix_states(train)({.name = "layer0.ffn.up", .shape = shape});
    first = Buffer(state.of(StatePart::first_moment), DType::f32);
    second = Buffer(state.of(StatePart::second_moment), DType::f32);
    projection = Buffer(state.of(StatePart::projection), DType::f32);
    scratch = Buffer({matrix_work(train, shape).scratch_elements}, DType::f32);
  }
  void step(Tensor gradient, int step, double beta1, double beta2, Stream& stream) {
    AdamWStep constants;
    constants.beta1 = static_cast<float>(beta1);
    constants.beta2 = static_cast<float>(beta2);
    constants.epsilon = 1e-8F;
    constants.first_correction = static_cast<float>(1.0 / (1.0 - std::pow(beta1, step + 1)));
    constants.second_correction = static_cast<float>(1.0 / (1.0 - std::pow(beta2, step + 1)));
    galore_update({gradient,
                   constants,
                   value,
                   first,
                   second,
                   projection,
                   {0.02F, static_cast<float>(config.scale), 0.0F},
                   5},
                  config, step, scratch, stream);
  }
};

// Twenty steps of galore-torch 1.0's adamw.py and galore_projector.py, whose singular vectors were
// given the signs that ours have.
TEST(Galore, UpdatesAsItsAuthorsDo) {
  const std::vector<std::pair<Shape, std::vector<float>>> goldens = {
      {Shape{6, 4},
       {0.49609724F,  0.21526144F,  -0.30282164F,   -0.49078995F, 0.339046F,    0.48004058F,
        0.086679682F, -0.40767223F, -0.0012660871F, 0.43911541F,  0.41303098F,  -0.0558956F,
        -0.35822463F, 0.13216929F,  0.48894015F,    0.31830662F,  -0.51160741F, -0.25213808F,
        0.2702491F,   0.48926184F,  -0.32921472F,   -0.49575686F, -0.12120271F, 0.38583305F}},
      {Shape{4, 6},
       {0.5042733F,     0.22069608F, -0.29699084F, -0.4870103F,   -0.15813957F, 0.35652471F,
        0.34229249F,    0.49107125F, 0.092813954F, -0.41174772F,  -0.4550491F,  0.0018763888F,
        -0.0094436277F, 0.43194234F, 0.40683094F,  -0.057283714F, -0.47650179F, -0.35625014F,
        -0.36392274F,   0.12734342F, 0.48456734F,  0.31741908F,   -0.2130055F,  -0.4933883F}}};
  Stream stream = Stream::cpu(1);
  for (const auto& [shape, expected] : goldens) {
    Galore run({.rank = 2, .every = 7, .scale = 0.25}, shape);
    for (int step = 0; step < 20; ++step) {
      const Buffer of_step = f32_of(gradient(step, shape), shape);
      run.step(of_step, step, 0.9, 0.95, stream);
    }
    expect_near(run.value, expected, 1e-4);
  }
}

// Of full rank a projection and its way back are the identity, and so all of the gradient's; of a
// lower rank they keep the vectors of a matrix of that rank.
TEST(Subspace, HoldsAllOfAMatrixOfItsRank) {
  Stream stream = Stream::cpu(1);
  for (const auto& [shape, rank] : {std::pair{Shape{40, 24}, std::int64_t{24}},
                                    {Shape{24, 40}, std::int64_t{24}},
                                    {Shape{60, 50}, std::int64_t{3}}}) {
    Buffer g = normals(shape, 3);
    if (rank == 3) {  // u v^T of three pairs
      const Buffer u = normals({shape[0], 3}, 4), v = normals({3, shape[1]}, 5);
      matmul(u, Op::plain, v, Op::plain, g, Write::replace, stream);
    }
    const bool rows = projects_rows(shape);
    const Buffer q(rows ? Shape{rank, shape[1]} : Shape{shape[0], rank}, DType::f32),
        scratch({subspace_scratch_elements(shape, rank)}, DType::f32),
        small(rows ? Shape{shape[0], rank} : Shape{rank, shape[1]}, DType::f32),
        back(shape, DType::f32);
    leading_subspace(g, rows ? SubspaceOf::rows : SubspaceOf::columns, Random(9, Purpose::subspace),
                     q, scratch, stream);
    if (rows) {
      matmul(g, Op::plain, q, Op::transposed, small, Write::replace, stream);
      matmul(small, Op::plain, q, Op::plain, back, Write::replace, stream);
    } else {
      matmul(q, Op::transposed, g, Op::plain, small, Write::replace, stream);
      matmul(q, Op::plain, small, Op::plain, back, Write::replace, stream);
    }
    for (std::int64_t i = 0; i < shape.size(); ++i)
      ASSERT_NEAR(back.tensor().as<float>()[i], g.tensor().as<float>()[i], 2e-5);
  }
}

// Of m x n with rank r: m r + 2 n r elements if m is the smaller side.
TEST(MatrixState, KeepsWhatThePapersSay) {
  const ParamSpec up{.name = "layer0.ffn.up", .shape = {32, 48}},
      norm{.name = "final_norm", .shape = {32}};
  const ParamState galore = matrix_states({.galore = {.rank = 4}})(up);
  EXPECT_EQ(galore.of(StatePart::projection).size(), 32 * 4);
  EXPECT_EQ(galore.of(StatePart::first_moment).size() + galore.of(StatePart::second_moment).size(),
            2 * 48 * 4);
  const ParamStateRule muon = matrix_states({.optimizer = MatrixOptimizer::muon});
  EXPECT_EQ(muon(up).of(StatePart::first_moment).size(), 32 * 48);
  EXPECT_EQ(muon(up).of(StatePart::second_moment).size(), 0);
  EXPECT_TRUE(muon(up).whole);
  EXPECT_FALSE(muon(norm).whole);
  EXPECT_FALSE(muon({.name = "embedding", .shape = {300, 32}}).whole);
  EXPECT_FALSE(muon({.name = "layer1.router", .shape = {8, 32}}).whole);
  EXPECT_FALSE(static_cast<bool>(matrix_states({})));
}

}  // namespace matrix_updates_test
}  // namespace switchyard
