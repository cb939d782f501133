#include <cmath>

#include "model/ops.h"
#include "tests/reference/gradient.h"

namespace switchyard {
namespace shared_gate_test {

using reference::tensor_of;

constexpr std::int64_t n = 37;
constexpr double unchanged = 0.5;  // what out and d_x hold before

std::vector<double> gated(const std::vector<double>& x, const std::vector<double>& weight,
                          const std::vector<double>& rows) {
  std::vector<double> out(x.size());
  for (std::size_t first = 0; first < x.size(); first += n) {
    double score = 0.0;
    for (std::size_t i = 0; i < n; ++i) score += x[first + i] * weight[i];
    for (std::size_t i = 0; i < n; ++i)
      out[first + i] = unchanged + rows[first + i] / (1.0 + std::exp(-score));
  }
  return out;
}

struct Gated {
  explicit Gated(std::int64_t num_rows) : count(num_rows) {}

  std::int64_t count;
  std::vector<float> x = reference::normals(count * n, 1);
  std::vector<float> weight = reference::normals(n, 2, 0.2);
  std::vector<float> rows = reference::normals(count * n, 3);
  std::vector<float> d_out = reference::normals(count * n, 4);
  std::vector<float> share = std::vector<float>(count), d_score = std::vector<float>(count);
  std::vector<float> d_rows = std::vector<float>(count * n);
  std::vector<float> out = std::vector<float>(count * n, unchanged), d_x = out;

  void run(int num_threads) {
    Stream stream = Stream::cpu(num_threads);
    ModelOps& ops = ModelOps::on(Device::cpu());
    const GatedRows tensors{tensor_of(x), tensor_of(weight), tensor_of(rows), tensor_of(share)};
    ops.add_gated(tensors, tensor_of(out), stream);
    ops.add_gated_backward(
        tensors, {tensor_of(d_out), tensor_of(d_rows), tensor_of(d_score), tensor_of(d_x)}, stream);
  }
};

TEST(SharedGate, MatchesItsFormula) {
  Gated gate(200);
  gate.run(2);
  reference::expect_close(gate.out,
                          gated(reference::widened(gate.x), reference::widened(gate.weight),
                                reference::widened(gate.rows)),
                          1e-6);
}

TEST(SharedGate, GradientsMatchFiniteDifferences) {
  Gated gate(70);
  gate.run(2);
  const std::vector<double> x = reference::widened(gate.x), rows = reference::widened(gate.rows),
                            weight = reference::widened(gate.weight),
                            d_out = reference::widened(gate.d_out);
  for (float& d : gate.d_x) d -= static_cast<float>(unchanged);
  std::vector<float> d_weight(n);
  for (std::int64_t i = 0; i < gate.count * n; ++i)
    d_weight[i % n] += gate.d_score[i / n] * gate.x[i];
  reference::expect_gradient(
      gate.d_rows,
      [&](const std::vector<double>& moved) {
        return reference::dot(gated(x, weight, moved), d_out);
      },
      rows);
  reference::expect_gradient(
      d_weight,
      [&](const std::vector<double>& moved) {
        return reference::dot(gated(x, moved, rows), d_out);
      },
      weight);
  reference::expect_gradient(
      gate.d_x,
      [&](const std::vector<double>& moved) {
        return reference::dot(gated(moved, weight, rows), d_out);
      },
      x);
}

TEST(SharedGate, DoesNotDependOnThreads) {
  Gated one(300), three(300);
  one.run(1);
  three.run(3);
  EXPECT_TRUE(reference::same_bits(one.out, three.out));
  EXPECT_TRUE(reference::same_bits(one.d_x, three.d_x));
  EXPECT_TRUE(reference::same_bits(one.d_rows, three.d_rows));
  EXPECT_TRUE(reference::same_bits(one.d_score, three.d_score));
}

TEST(SharedGate, AScoreOfAnySizeGivesAFiniteShare) {
  Gated gate(4);
  for (std::size_t i = 0; i < gate.x.size(); ++i)
    gate.x[i] = i / n % 2 == 0 ? 1e18F * gate.weight[i % n] : -1e18F * gate.weight[i % n];
  gate.run(1);
  for (std::size_t row = 0; row < 4; ++row) {
    EXPECT_NEAR(gate.share[row], row % 2 == 0 ? 1.0F : 0.0F, 1e-30F);
    EXPECT_NEAR(gate.d_score[row], 0.0F, 1e-30F);
  }
}

}  // namespace shared_gate_test
}  // namespace switchyard
