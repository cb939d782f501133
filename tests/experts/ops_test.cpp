#include "experts/ops.h"

#include "tests/reference/gradient.h"
#include "tests/reference/swiglu.h"

namespace switchyard {
namespace ops_test {

using reference::tensor_of;

constexpr std::int64_t size = 40001;  // several units of work and a tail

struct Swiglu {
  std::vector<float> gate = reference::normals(size, 1, 3.0);
  std::vector<float> up = reference::normals(size, 2);
  std::vector<float> d_out = reference::normals(size, 3);
  std::vector<float> out = std::vector<float>(size);
  std::vector<float> d_gate = std::vector<float>(size);
  std::vector<float> d_up = std::vector<float>(size);

  void run(int num_threads) {
    Stream stream = Stream::cpu(num_threads);
    ExpertOps& ops = ExpertOps::on(Device::cpu());
    ops.swiglu(tensor_of(gate), tensor_of(up), tensor_of(out), stream);
    ops.swiglu_backward(tensor_of(gate), tensor_of(up), tensor_of(d_out), tensor_of(d_gate),
                        tensor_of(d_up), stream);
  }
};

TEST(ExpertOps, SwigluMatchesReference) {
  Swiglu x;
  x.run(1);
  reference::expect_close(
      x.out, reference::swiglu(reference::widened(x.gate), reference::widened(x.up)), 1e-6);
}

TEST(ExpertOps, SwigluGradientsMatchFiniteDifferences) {
  Swiglu x;
  x.run(1);
  const std::vector<double> gate = reference::widened(x.gate);
  const std::vector<double> up = reference::widened(x.up);
  const std::vector<double> weight = reference::widened(x.d_out);
  const auto loss_of_gate = [&](const std::vector<double>& moved) {
    return reference::dot(reference::swiglu(moved, up), weight);
  };
  const auto loss_of_up = [&](const std::vector<double>& moved) {
    return reference::dot(reference::swiglu(gate, moved), weight);
  };
  reference::expect_gradient(x.d_gate, loss_of_gate, gate);
  reference::expect_gradient(x.d_up, loss_of_up, up);
}

TEST(ExpertOps, SwigluBackwardMayWriteOverItsInputs) {
  Swiglu apart;
  apart.run(1);
  Swiglu x;
  Stream stream = Stream::cpu(1);
  ExpertOps::on(Device::cpu())
      .swiglu_backward(tensor_of(x.gate), tensor_of(x.up), tensor_of(x.d_out), tensor_of(x.gate),
                       tensor_of(x.d_out), stream);
  EXPECT_TRUE(reference::same_bits(x.gate, apart.d_gate));
  EXPECT_TRUE(reference::same_bits(x.d_out, apart.d_up));
}

TEST(ExpertOps, SwigluDoesNotDependOnThreads) {
  Swiglu one;
  one.run(1);
  Swiglu three;
  three.run(3);
  EXPECT_TRUE(reference::same_bits(one.out, three.out));
  EXPECT_TRUE(reference::same_bits(one.d_gate, three.d_gate));
}

TEST(ExpertOps, SwigluOfLargeGatesStaysFinite) {
  std::vector<float> gate = {-1000.0F, 1000.0F};
  std::vector<float> up = {2.0F, 2.0F};
  std::vector<float> out(2);
  Stream stream = Stream::cpu(1);
  ExpertOps::on(Device::cpu()).swiglu(tensor_of(gate), tensor_of(up), tensor_of(out), stream);
  EXPECT_NEAR(out[0], 0.0F, 1e-30F);
  EXPECT_EQ(out[1], 2000.0F);
}

TEST(ExpertOps, MissingCudaKernelsAreAUsageError) {
  try {
    ExpertOps::on({Device::Kind::cuda, 0});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
  }
}

}  // namespace ops_test
}  // namespace switchyard
