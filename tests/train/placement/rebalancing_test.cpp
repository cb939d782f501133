// Experts that follow the load while they train.
#include "train/placement/rebalancing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/blocks/moe_layer.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace rebalancing_test {

SmallConfig one_layer() {
  SmallConfig config;
  config.model.num_layers = 1;
  config.model.dense_layers = {};
  config.model.num_experts = 8;
  config.router.balance_loss = 0.0F;
  return config;
}

std::unique_ptr<Comm> all_ranks() { return test_world().split(0, test_world().rank()); }

// Experts 0 and 1 of the first rank take everything.
std::vector<std::int64_t> counts_on_the_first() { return {900, 600, 10, 10, 10, 10, 10, 10}; }

TEST(Rebalancing, ExpertsLeaveTheBusiestRankWithTheirWeightsAndMoments) {
  SmallRun run(one_layer(), all_ranks(), test_world().size());
  run.losses(0, 2);
  const std::int64_t hash = run.state_hash();
  Rebalancing rebalancing(run.model(), run.mesh());
  rebalancing.count(counts_on_the_first());
  const PlacementReport report = rebalancing.run(run.stream());
  EXPECT_EQ(run.state_hash(), hash);
  ASSERT_EQ(report.layers.size(), 1U);
  if (test_world().size() == 1) {
    EXPECT_EQ(report.layers[0].moved, 0);
    return;
  }
  EXPECT_GE(report.layers[0].moved, 2);
  EXPECT_LT(report.layers[0].after, report.layers[0].before);
  const Placement& placement = run.model().moe_layer(0).placement();
  EXPECT_NE(placement.rank_of(placement.replicas(0)[0]),
            placement.rank_of(placement.replicas(1)[0]));
}

TEST(Rebalancing, ABalancedLoadMovesNothing) {
  SmallRun run(one_layer(), all_ranks(), test_world().size());
  Rebalancing rebalancing(run.model(), run.mesh());
  rebalancing.count(std::vector<std::int64_t>(8, 100));
  EXPECT_EQ(rebalancing.run(run.stream()).layers[0].moved, 0);
}

// The prediction is of rows per rank: the next counts measure it.
TEST(Rebalancing, CopiesShareTheLoadOfOneExpert) {
  SmallConfig config = one_layer();
  config.router.extra_copies = 8;
  SmallRun run(config, all_ranks(), test_world().size());
  const std::int64_t hash = run.state_hash();
  Rebalancing rebalancing(run.model(), run.mesh());
  rebalancing.count(std::vector<std::int64_t>{4000, 10, 10, 10, 10, 10, 10, 10});
  rebalancing.run(run.stream());
  EXPECT_EQ(run.state_hash(), hash);
  const Placement& placement = run.model().moe_layer(0).placement();
  EXPECT_EQ(std::ssize(placement.replicas(0)), test_world().size());
}

TEST(Rebalancing, WhatTrainingLearnsMovesExperts) {
  SmallConfig config = one_layer();
  config.rebalance_every = 2;
  SmallRun run(config, all_ranks(), test_world().size());
  run.losses(0, 4);
  int moved = 0;
  for (const PlacementReport& report : run.placements()) moved += report.layers[0].moved;
  EXPECT_EQ(moved > 0, test_world().size() > 1);
}

// Without exactness sums may round differently, and must still agree.
TEST(Rebalancing, FastModeAgreesToOnePartInTenToTheFive) {
  SmallConfig config = one_layer();
  config.train.exact = false;
  SmallRun still(config, all_ranks(), test_world().size());
  config.router.extra_copies = 3;
  config.rebalance_every = 1;
  SmallRun moving(config, all_ranks(), test_world().size());
  const std::vector<double> expected = still.losses(0, 4), losses = moving.losses(0, 4);
  for (std::size_t i = 0; i < losses.size(); ++i)
    EXPECT_NEAR(losses[i] / expected[i], 1.0, 1e-5) << "step " << i;
}

}  // namespace rebalancing_test
}  // namespace switchyard
