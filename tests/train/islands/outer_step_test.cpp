#include "train/islands/outer_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace outer_step_test {

// An island for each rank.
SmallConfig islands_of_one_rank() {
  SmallConfig config;
  config.train.global_batch_size = 2 * 12;  // 12 micro-batches
  config.train.islands = {.count = test_world().size(), .sync_every = 2, .trim = 1};
  return config;
}

std::unique_ptr<Comm> all_ranks() { return test_world().split(0, test_world().rank()); }

std::vector<float> values_of(SmallRun& run) {
  std::vector<float> values;
  const Params& params = run.model().params();
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const Tensor value = params.value(id);
    values.insert(values.end(), value.as<float>(), value.as<float>() + value.size());
  }
  return values;
}

// [islands][elements], on every rank.
std::vector<std::vector<float>> values_of_all(SmallRun& run) {
  std::vector<float> mine = values_of(run), all(mine.size() * test_world().size());
  Stream stream = Stream::cpu(1);
  test_world().all_gather(tensor_of(mine.data(), {std::ssize(mine)}),
                          tensor_of(all.data(), {std::ssize(all)}), stream);
  std::vector<std::vector<float>> islands;
  for (std::size_t i = 0; i < all.size(); i += mine.size())
    islands.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(i),
                         all.begin() + static_cast<std::ptrdiff_t>(i + mine.size()));
  return islands;
}

// DiLoCo as its paper writes it, of values that were gathered by other means.
TEST(OuterStep, TakesNesterovsStepFromTheMean) {
  SmallConfig config = islands_of_one_rank();
  SmallRun run(config, all_ranks(), 1);
  std::vector<double> anchor, velocity;
  for (const float value : values_of(run)) anchor.push_back(value);
  velocity.resize(anchor.size());
  for (std::int64_t done = 1; done <= 6; ++done) {
    run.step(done - 1);
    ASSERT_EQ(run.trainer().meets_islands(done), done % 2 == 0);
    if (done % 2 != 0) continue;
    const auto islands = values_of_all(run);
    const auto report = run.trainer().meet_islands(done);
    const std::vector<float> now = values_of(run);
    double worst = 0.0, moved = 0.0;
    for (std::size_t i = 0; i < anchor.size(); ++i) {
      double mean = 0.0;
      for (const auto& island : islands)
        mean += double{island[i]} / static_cast<double>(islands.size());
      const double gradient = anchor[i] - mean, before = anchor[i];
      velocity[i] = 0.9 * velocity[i] + gradient;
      anchor[i] -= 0.7 * (gradient + 0.9 * velocity[i]);
      worst = std::max(worst, std::fabs(anchor[i] - now[i]));
      moved += (anchor[i] - before) * (anchor[i] - before);
    }
    EXPECT_LT(worst, 2e-6);
    ASSERT_EQ(report.size(), 1U);
    EXPECT_NEAR(report[0].moved, std::sqrt(moved), 1e-4 * std::sqrt(moved));
    EXPECT_GT(report[0].islands[0].loss, 0.5);
  }
}

TEST(OuterStep, IslandsSeeTheStepsOfOneRunAndTrainByThemselves) {
  SmallConfig config = islands_of_one_rank();
  SmallRun run(config, all_ranks(), 1);
  const StepReport report = run.step(0);
  EXPECT_EQ(report.tokens, config.train.global_batch_size * config.sequence_length);
  const auto islands = values_of_all(run);
  for (std::size_t i = 1; i < islands.size(); ++i) EXPECT_NE(islands[0], islands[i]);
}

// One island of all ranks, with rate 1 and without momentum.
TEST(OuterStep, OneIslandTrainsAsWithoutIslands) {
  SmallConfig config;
  SmallRun plain(config, all_ranks(), 1);
  config.train.islands = {.sync_every = 2, .outer_rate = 1.0, .outer_momentum = 0.0};
  SmallRun island(config, all_ranks(), 1);
  for (std::int64_t done = 1; done <= 5; ++done) {
    plain.step(done - 1);
    island.step(done - 1);
    if (island.trainer().meets_islands(done)) island.trainer().meet_islands(done);
    EXPECT_EQ(values_of(plain), values_of(island)) << done;
  }
}

// What is sent after step 2 comes back after step 4, when it replaces what was learned since.
TEST(OuterStep, AnExchangeInTheBackgroundIsMixedInLater) {
  SmallConfig config = islands_of_one_rank();
  config.train.islands.sync_every = 4;
  config.train.islands.fragments = 2;
  config.train.islands.overlap_steps = 2;
  config.train.islands.mix = 0.25;
  config.train.islands.outer_rate = 1.0;
  config.train.islands.outer_momentum = 0.0;
  SmallRun run(config, all_ranks(), 1);
  std::vector<std::vector<float>> sent;
  for (std::int64_t done = 1; done <= 4; ++done) {
    run.step(done - 1);
    if (done == 2) sent = values_of_all(run);
    const std::vector<float> before = values_of(run);
    if (run.trainer().meets_islands(done)) run.trainer().meet_islands(done);
    const std::vector<float> after = values_of(run);
    if (done < 4) {
      EXPECT_EQ(before, after);
      continue;
    }
    const Params& params = run.model().params();
    std::size_t i = 0;
    for (ParamId id = 0; id < params.num_params(); ++id) {
      const bool of_fragment = fragment_of(params.spec(id).name, 2) == 1;
      for (std::int64_t n = params.value(id).size(); n > 0; --n, ++i) {
        double mean = 0.0;
        for (const auto& island : sent)
          mean += double{island[i]} / static_cast<double>(sent.size());
        const double mixed = of_fragment ? 0.25 * before[i] + 0.75 * mean : before[i];
        ASSERT_NEAR(after[i], mixed, 1e-6) << params.spec(id).name;
      }
    }
  }
}

// The last island sends what it likes, after each step.
double worst_outside_of_the_honest(SmallConfig config, float poison, std::vector<int>& drifting) {
  config.train.islands.outer_rate = 1.0;
  config.train.islands.outer_momentum = 0.0;
  SmallRun run(config, all_ranks(), 1);
  run.step(0);
  run.step(1);
  const bool bad = test_world().rank() == test_world().size() - 1;
  Params& params = run.model().params();
  for (ParamId id = 0; bad && id < params.num_params(); ++id)
    for (std::int64_t i = 0; i < params.value(id).size(); ++i)
      params.value(id).as<float>()[i] += poison * static_cast<float>(1 + i % 3);
  const auto islands = values_of_all(run);
  drifting = drifting_islands(run.trainer().meet_islands(2).at(0));
  const std::vector<float> now = values_of(run);
  double worst = 0.0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    float least = islands[0][i], most = islands[0][i];
    for (std::size_t k = 1; k + 1 < islands.size(); ++k) {
      least = std::min(least, islands[k][i]);
      most = std::max(most, islands[k][i]);
    }
    if (std::isnan(now[i])) return std::numeric_limits<double>::infinity();
    worst = std::max({worst, double{least} - now[i], double{now[i]} - most});
  }
  return worst;
}

TEST(OuterStep, RobustAggregatesResistOneIslandAndItIsNamed) {
  const std::vector<int> last{test_world().size() - 1};
  std::vector<int> drifting;
  for (const float poison : {10.0F, -1e4F, std::numeric_limits<float>::quiet_NaN()}) {
    SmallConfig config = islands_of_one_rank();
    for (const Aggregate kind : {Aggregate::median, Aggregate::trimmed_mean}) {
      config.train.islands.aggregate = kind;
      EXPECT_LE(worst_outside_of_the_honest(config, poison, drifting), 1e-7);
      EXPECT_EQ(drifting, last);
    }
    config.train.islands.aggregate = Aggregate::mean;
    if (std::isnan(poison)) {
      EXPECT_LE(worst_outside_of_the_honest(config, poison, drifting), 1e-7);  // it is left out
      EXPECT_EQ(drifting, last);
    } else {
      EXPECT_GT(worst_outside_of_the_honest(config, poison, drifting), 1.0);
    }
  }
}

// A checkpoint between sending and mixing in.
TEST(OuterStep, GoesOnFromACheckpointWithTheSameBits) {
  SmallConfig config = islands_of_one_rank();
  config.train.islands.sync_every = 4;
  config.train.islands.fragments = 2;
  config.train.islands.overlap_steps = 2;
  config.train.islands.payload = IslandPayload::int8;
  config.router.gate = GateKind::sigmoid;
  config.router.bias_rate = 0.01F;
  const auto steps = [](SmallRun& run, std::int64_t first, std::int64_t end) {
    for (std::int64_t done = first + 1; done <= end; ++done) {
      run.step(done - 1);
      if (run.trainer().meets_islands(done)) run.trainer().meet_islands(done);
    }
  };
  const SharedScratch scratch(test_world());
  Stream stream = Stream::cpu(1);
  SmallRun run(config, all_ranks(), 1);
  steps(run, 0, 7);
  const OwnedState state = run.trainer().owned_state();
  const nlohmann::json meta = {{"trainer", run.trainer().meta()}, {"step", 7}};
  EXPECT_TRUE(meta["trainer"]["islands"].contains("sent"));
  const auto folder =
      save_checkpoint(scratch.path(), 7, 1, state.tensors, meta, test_world(), stream);
  steps(run, 7, 11);
  config.draw_weights = false;
  SmallRun resumed(config, all_ranks(), 1);
  const CheckpointReader reader = CheckpointReader::open_on_all(folder, test_world());
  resumed.trainer().load(reader, reader.fields().object("trainer"));
  steps(resumed, 7, 11);
  EXPECT_EQ(values_of(run), values_of(resumed));
  EXPECT_EQ(run.state_hash(), resumed.state_hash());
}

}  // namespace outer_step_test
}  // namespace switchyard
