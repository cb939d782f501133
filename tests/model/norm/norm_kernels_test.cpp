#include "model/ops.h"
#include "tests/reference/gradient.h"
#include "tests/reference/rms_norm.h"

namespace switchyard {
namespace norm_test {

using reference::tensor_of;

constexpr float epsilon = 1e-5F;
constexpr std::int64_t n = 37;

struct Norm {
  explicit Norm(std::int64_t num_rows) : rows(num_rows) {}

  std::int64_t rows;
  std::vector<float> x = reference::normals(rows * n, 1);
  std::vector<float> weight = reference::normals(n, 2);
  std::vector<float> d_out = reference::normals(rows * n, 3);
  std::vector<float> out = std::vector<float>(rows * n);
  std::vector<float> inverse = std::vector<float>(rows);
  std::vector<float> d_x = std::vector<float>(rows * n);
  std::vector<float> d_weight = std::vector<float>(n);

  void run(int num_threads) {
    Stream stream = Stream::cpu(num_threads);
    ModelOps& ops = ModelOps::on(Device::cpu());
    std::vector<float> scratch(ops.rms_norm_scratch(rows, n), 5.0F);
    ops.rms_norm(tensor_of(x), tensor_of(weight), epsilon, tensor_of(out), tensor_of(inverse),
                 stream);
    ops.rms_norm_backward({tensor_of(x), tensor_of(weight), tensor_of(inverse), tensor_of(d_out),
                           tensor_of(d_x), tensor_of(d_weight)},
                          tensor_of(scratch), stream);
  }
};

TEST(Norm, MatchesReference) {
  Norm norm(200);
  norm.run(2);
  reference::expect_close(
      norm.out,
      reference::rms_norm(reference::widened(norm.x), reference::widened(norm.weight), epsilon),
      1e-6);
}

TEST(Norm, GradientsMatchFiniteDifferences) {
  Norm norm(200);
  norm.run(2);
  const std::vector<double> x = reference::widened(norm.x);
  const std::vector<double> weight = reference::widened(norm.weight);
  const std::vector<double> d_out = reference::widened(norm.d_out);
  const auto loss_of_x = [&](const std::vector<double>& moved) {
    return reference::dot(reference::rms_norm(moved, weight, epsilon), d_out);
  };
  const auto loss_of_weight = [&](const std::vector<double>& moved) {
    return reference::dot(reference::rms_norm(x, moved, epsilon), d_out);
  };
  reference::expect_gradient(norm.d_x, loss_of_x, x);
  reference::expect_gradient(norm.d_weight, loss_of_weight, weight);
}

TEST(Norm, DoesNotDependOnThreads) {
  Norm one(500);
  one.run(1);
  Norm three(500);
  three.run(3);
  EXPECT_TRUE(reference::same_bits(one.out, three.out));
  EXPECT_TRUE(reference::same_bits(one.d_x, three.d_x));
  EXPECT_TRUE(reference::same_bits(one.d_weight, three.d_weight));
}

TEST(Norm, RowsOfZerosChangeNoWeightGradient) {
  Norm norm(130);
  norm.run(1);
  Norm padded(144);
  padded.x = norm.x;
  padded.x.resize(144 * n);
  padded.d_out = norm.d_out;
  padded.d_out.resize(144 * n);
  padded.run(1);
  EXPECT_TRUE(reference::same_bits(norm.d_weight, padded.d_weight));
}

TEST(Norm, NoRowsGiveNoGradient) {
  Norm norm(0);
  norm.d_weight.assign(n, 3.0F);
  norm.run(1);
  EXPECT_EQ(norm.d_weight, std::vector<float>(n));
}

}  // namespace norm_test
}  // namespace switchyard
