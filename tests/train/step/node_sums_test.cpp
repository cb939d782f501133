// Training with sums per node is training without them, but for rounding.
#include <gtest/gtest.h>

#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace node_sums_test {

SmallConfig with_sums() {
  SmallConfig config;
  config.train.exact = false;
  config.router.top_k = 3;
  config.router.exchange = ExchangeKind::hierarchical;
  config.router.node_sums = true;
  config.router.ranks_per_node = 2;
  config.router.capacity_factor = 1.2;
  return config;
}

std::vector<double> losses_of(const SmallConfig& config) {
  const int degree = largest_divisor(test_world().size(), config.model.num_experts);
  return SmallRun(config, test_world().split(0, test_world().rank()), degree).losses(0, 8);
}

TEST(NodeSums, LossesAreThoseOfSumsAtHome) {
  SmallConfig config = with_sums();
  const std::vector<double> summed = losses_of(config);
  config.router.node_sums = false;
  const std::vector<double> expected = losses_of(config);
  for (std::size_t step = 0; step < expected.size(); ++step)
    EXPECT_NEAR(summed[step], expected[step], 1e-4) << "step " << step;
  EXPECT_LT(summed.back(), summed.front() - 0.3);
}

TEST(NodeSums, ExactModeRefusesThem) {
  SmallConfig config = with_sums();
  config.train.exact = true;
  EXPECT_THROW(losses_of(config), Error);
}

TEST(NodeSums, RecomputedLayersGiveTheSameBits) {
  SmallConfig config = with_sums();
  const std::vector<double> expected = losses_of(config);
  config.recompute_layers = 2;
  EXPECT_EQ(losses_of(config), expected);
}

}  // namespace node_sums_test
}  // namespace switchyard
