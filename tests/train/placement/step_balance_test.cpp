// Experts with guest copies for one micro-batch (router.balance_step): the same bits as without.
#include <gtest/gtest.h>

#include "model/blocks/moe_layer.h"
#include "tests/rank_test.h"
#include "tests/slow_comm.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace step_balance_test {

struct Outcome {
  std::vector<double> losses;
  std::int64_t hash = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome train_on(const SmallConfig& config, std::unique_ptr<Comm> world, int degree,
                 std::int64_t* copies = nullptr) {
  SmallRun run(config, std::move(world), degree);
  Outcome outcome;
  for (std::int64_t step = 0; step < 3; ++step) {
    const StepReport report = run.step(step);
    outcome.losses.push_back(report.loss);
    EXPECT_LE(report.guests.after, report.guests.before);
    if (copies != nullptr) *copies += report.guests.copies;
  }
  outcome.hash = run.state_hash();
  return outcome;
}

Outcome alone(SmallConfig config) {
  config.router.balance_step = StepBalance::off;
  return train_on(config, make_single_comm(), 1);
}

// On all ranks; guests come where an expert group has more than one rank.
Outcome visited(SmallConfig config, int degree) {
  config.router.balance_step = StepBalance::always;
  std::int64_t copies = 0;
  Outcome outcome = train_on(config, test_world().split(0, test_world().rank()), degree, &copies);
  EXPECT_EQ(copies > 0, degree > 1);
  return outcome;
}

int all() { return test_world().size(); }

TEST(StepBalance, ByEveryExchangeTheBitsAreThoseWithoutGuests) {
  SmallConfig config;
  const Outcome expected = alone(config);
  config.router.ranks_per_node = 2;
  for (const ExchangeKind kind : {ExchangeKind::flat, ExchangeKind::shared_memory,
                                  ExchangeKind::hierarchical, ExchangeKind::pipelined}) {
    config.router.exchange = kind;
    EXPECT_EQ(visited(config, all()), expected) << name_of(kind);
  }
  config.threads = 2;
  config.recompute_layers = 2;
  config.router.guest_slots = 1;
  EXPECT_EQ(visited(config, largest_divisor(all(), 2)), expected) << "recomputed, and replicas";
}

TEST(StepBalance, VisitsExpertsThatMoveAndHaveCopies) {
  SmallConfig config;
  const Outcome expected = alone(config);
  config.rebalance_every = 1;
  config.router.extra_copies = 3;
  EXPECT_EQ(visited(config, all()), expected);
}

// Guests draw the masks of the expert that they are, read what its codes say, and keep the
// gradients of the parts that train.
TEST(StepBalance, GuestsAreWhatTheirExpertIs) {
  SmallConfig masked, coded, adapted, guided, frozen, bf16, muon;
  masked.model.dropout = {.weights = 0.2, .ffn = 0.1};
  coded.train.values = ValueFormat::int8;
  adapted.model.adapter = {.rank = 4, .alpha = 8.0, .targets = {"experts", "attention"}};
  guided.model.low_rank = {.rank = 6, .layers = {0, 1}};
  guided.train.guide_steps = 3;
  frozen.train.freeze = {"*.up", "layer1.expert*.gate"};
  bf16.train.precision = FloatFormat::bf16;
  bf16.model.mtp_depth = 1;
  muon.train.optimizer = MatrixOptimizer::muon;
  int number = 0;
  for (const SmallConfig& config : {masked, coded, adapted, guided, frozen, bf16, muon})
    EXPECT_EQ(visited(config, all()), alone(config)) << "config " << number++;
}

// Costs are measured, so that it may decide either way, and every rank the same.
TEST(StepBalance, MeasuredCostsChangeNoBit) {
  SmallConfig config;
  const Outcome expected = alone(config);
  config.router.balance_step = StepBalance::automatic;
  EXPECT_EQ(train_on(config, test_world().split(0, test_world().rank()), all()), expected);
}

// Bringing an expert takes 12 ms over this link, and it computes a row in microseconds.
TEST(StepBalance, NobodyVisitsOverALinkThatTakesLongerThanTheRows) {
  SmallConfig config;
  const Outcome expected = alone(config);
  config.router.balance_step = StepBalance::automatic;
  std::int64_t copies = 0;
  EXPECT_EQ(train_on(config,
                     std::make_unique<SlowComm>(test_world().split(0, test_world().rank()),
                                                std::make_shared<Link>(5e6)),
                     all(), &copies),
            expected);
  EXPECT_EQ(copies, 0);
}

TEST(StepBalance, FastModeAgreesToOnePartInTenToTheFive) {
  SmallConfig config;
  config.train.exact = false;
  const Outcome expected = alone(config), outcome = visited(config, all());
  for (std::size_t i = 0; i < expected.losses.size(); ++i)
    EXPECT_NEAR(outcome.losses[i] / expected.losses[i], 1.0, 1e-5) << "step " << i;
}

}  // namespace step_balance_test
}  // namespace switchyard
