#include "train/step/routing_tape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace routing_tape_test {

constexpr std::int64_t steps = 3;

void train(const SmallConfig& config, std::unique_ptr<Comm> part, int degree, RunTape& tape) {
  SmallRun run(config, std::move(part), degree, &tape);
  run.losses(0, steps);
}

// Recorded on all ranks, replayed by each rank alone, whose own router ties every token: it takes
// the recorded experts all the same, and records them again.
TEST(RoutingTape, ReplaysOnAnotherRankCount) {
  const int rank = test_world().rank();
  const SharedScratch folder(test_world());
  SmallConfig config;
  config.router.capacity_factor = 1.1;
  config.router.record = folder.path() / "all";
  {
    RunTape tape(config.router, config.model.num_experts, 1, 1, rank);
    train(config, test_world().split(0, rank), 1, tape);
  }
  test_world().barrier();
  config.zero_routers = true;
  config.router.replay = config.router.record;
  config.router.record = folder.path() / std::to_string(rank);
  {
    RunTape tape(config.router, config.model.num_experts, 1, 1, 0);
    agree(test_world(), [&] { tape.require_steps(0, steps, 1); });
    train(config, make_single_comm(), 1, tape);
  }
  const RoutingLogReader all(config.router.replay), again(config.router.record);
  const std::int64_t pairs = 2 * config.train.micro_batch_size * config.sequence_length;
  std::vector<std::int32_t> first(static_cast<std::size_t>(pairs)), second = first;
  const RoutingShape shape{static_cast<std::int32_t>(pairs / 2), 2};
  std::int64_t dropped = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::int64_t micro = 0; micro < config.num_micro_batches(); ++micro) {
      all.read({step, micro, 1}, shape, first);
      again.read({step, micro, 1}, shape, second);
      EXPECT_EQ(first, second) << "step " << step << ", micro-batch " << micro;
      for (const std::int32_t choice : first) dropped += choice < 0;
    }
  }
  EXPECT_GT(dropped, 0);
  test_world().barrier();  // before the folder goes
}

// The same choices on all ranks and on one; another micro-batch, layer or step has others.
TEST(RoutingTape, MadeUpChoicesAreBalancedAndTheSameOnAnyLayout) {
  const SharedScratch folder(test_world());
  SmallConfig config;
  config.router.force = ForcedRouting::balanced;
  config.model.num_experts = 4;  // a multiple of top_k, so that the balance is exact
  const int rank = test_world().rank();
  const auto record = [&](const std::string& name, std::unique_ptr<Comm> part, int of_part) {
    config.router.record = folder.path() / name;
    RunTape tape(config.router, config.model.num_experts, 1, 1, of_part);
    train(config, std::move(part), 1, tape);
  };
  record("all", test_world().split(0, rank), rank);
  record(std::to_string(rank), make_single_comm(), 0);
  test_world().barrier();
  const RoutingLogReader all(folder.path() / "all"), alone(folder.path() / std::to_string(rank));
  ASSERT_EQ(all.keys(), alone.keys());
  std::set<std::vector<std::int32_t>> drawn;
  for (const RoutingKey& key : all.keys()) {
    const RoutingShape shape = all.shape_of(key);
    std::vector<std::int32_t> first(static_cast<std::size_t>(shape.tokens * shape.choices)),
        second = first;
    all.read(key, shape, first);
    alone.read(key, shape, second);
    EXPECT_EQ(first, second);
    drawn.insert(first);
    std::vector<std::int64_t> counts(static_cast<std::size_t>(config.model.num_experts));
    for (const std::int32_t e : first) ++counts[static_cast<std::size_t>(e)];
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    EXPECT_LE(*most - *least, 1);
  }
  EXPECT_EQ(drawn.size(), all.keys().size());
  test_world().barrier();  // before the folder goes
}

TEST(RoutingTape, MissingStepsAreNamed) {
  const SharedScratch folder(test_world());
  RouterConfig router{.record = folder.path() / std::to_string(test_world().rank())};
  RoutingLogWriter(router.record, 1, 0).append({7, 0, 1}, {1, 1}, std::vector<std::int32_t>{0});
  std::swap(router.record, router.replay);
  const RunTape tape(router, 4, 1, 1, 0);
  EXPECT_NO_THROW(tape.require_steps(7, 8, 1));
  EXPECT_THROW(tape.require_steps(7, 9, 1), Error);
  test_world().barrier();
}

}  // namespace routing_tape_test
}  // namespace switchyard
