#include "model/attention/rotary.h"

#include <cmath>

#include "model/math.h"
#include "model/ops.h"
#include "tests/reference/gradient.h"
#include "tests/reference/rotate.h"

namespace switchyard {
namespace rotary_test {

using reference::tensor_of;

constexpr std::int64_t num_tokens = 150;
constexpr std::int64_t heads = 3;
constexpr std::int64_t dim = 20;

std::vector<std::int32_t> positions() {
  std::vector<std::int32_t> result;
  for (std::int32_t t = 0; t < num_tokens; ++t) result.push_back(t % 70 * 50);
  return result;
}

TEST(Rotary, MatchesReference) {
  std::vector<std::int32_t> position = positions();
  const std::vector<float> x = reference::normals(num_tokens * heads * dim, 1);
  std::vector<float> out = x;
  const RotaryTable table(4096, dim, 10000.0F);
  Stream stream = Stream::cpu(2);
  ModelOps::on(Device::cpu())
      .rotate(tensor_of(out, {num_tokens, heads, dim}), tensor_of(position), table, 1, stream);
  reference::expect_close(out, reference::rotate(reference::widened(x), position, heads, dim, 1e4),
                          1e-6);
}

// Also its gradient: a rotation's transpose is its inverse.
TEST(Rotary, BackwardUndoesForward) {
  std::vector<std::int32_t> position = positions();
  const std::vector<float> x = reference::normals(num_tokens * heads * dim, 1);
  std::vector<float> out = x;
  const RotaryTable table(4096, dim, 10000.0F);
  Stream stream = Stream::cpu(1);
  ModelOps& ops = ModelOps::on(Device::cpu());
  const Tensor view = tensor_of(out, {num_tokens, heads, dim});
  ops.rotate(view, tensor_of(position), table, 1, stream);
  ops.rotate(view, tensor_of(position), table, -1, stream);
  reference::expect_close(out, reference::widened(x), 1e-6);
}

TEST(Rotary, SinesMatchTheLibraryFarOut) {
  double worst = 0.0;
  for (int i = 0; i < 100000; ++i) {
    const double angle = i * 1.2345678901;
    const CosSin turn = cos_sin(angle);
    worst = std::fmax(worst, std::fabs(turn.sin - std::sin(angle)));
    worst = std::fmax(worst, std::fabs(turn.cos - std::cos(angle)));
  }
  EXPECT_LT(worst, 1e-15);
}

TEST(Rotary, RootsMatchTheLibrary) {
  EXPECT_NEAR(root(10000.0, 32), std::pow(10000.0, 1.0 / 32), 1e-14);
  EXPECT_NEAR(root(1e6, 1), 1e6, 1e-9);
}

TEST(Rotary, RefusesAPositionPastTheTable) {
  std::vector<std::int32_t> position = {8};
  std::vector<float> x(dim);
  const RotaryTable table(8, dim, 10000.0F);
  Stream stream = Stream::cpu(1);
  EXPECT_THROW(ModelOps::on(Device::cpu())
                   .rotate(tensor_of(x, {1, 1, dim}), tensor_of(position), table, 1, stream),
               Error);
}

TEST(Rotary, RefusesAnOddDimension) { EXPECT_THROW(RotaryTable(8, 5, 10000.0F), Error); }

}  // namespace rotary_test
}  // namespace switchyard
