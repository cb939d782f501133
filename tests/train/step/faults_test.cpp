// What a fault of one rank does to a run: numbers that are none, and flipped bits, which no
// processor reports, at seeded places. SWITCHYARD_TRIALS: how many of these, for tests/long.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "tests/faulty_comm.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"
#include "train/guard/replica_check.h"

namespace switchyard {
namespace faults_test {

std::int64_t trials(std::int64_t sample) {
  const char* all = std::getenv("SWITCHYARD_TRIALS");
  return all == nullptr ? sample : std::atoll(all);
}

// Numbers of trial `number`, the same on all ranks.
class Draw {
 public:
  explicit Draw(std::int64_t number)
      : random_(2024, Purpose::sampling, static_cast<std::uint64_t>(number)) {}
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>(random_.uniform(next_++) * static_cast<double>(count));
  }

 private:
  Random random_;
  std::uint64_t next_ = 0;
};

void flip(Tensor tensor, std::int64_t bit) {
  static_cast<unsigned char*>(tensor.data)[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
}

SmallConfig guarded(GuardConfig guard) {
  SmallConfig config;
  config.guard = guard;
  return config;
}

SmallRun run_of(const SmallConfig& config, int degree, Damage damage = nullptr) {
  std::unique_ptr<Comm> world = test_world().split(0, test_world().rank());
  if (damage) world = std::make_unique<FaultyComm>(std::move(world), std::move(damage));
  return {config, std::move(world), degree};
}

TEST(Faults, ANaNInTheActivationsOfOneRankIsLeftOutByAll) {
  bool strikes = false;
  SmallRun run = run_of(guarded({}), test_world().size(), [&](Struck what, Tensor tensor) {
    const bool here = test_world().rank() == test_world().size() - 1;
    if (strikes && here && what == Struck::rows) tensor.as<float>()[0] = std::nanf("");
  });
  run.step(0);
  const std::int64_t before = run.state_hash();
  strikes = true;
  const StepReport report = run.step(1);
  EXPECT_EQ(report.outcome, StepOutcome::skipped);
  EXPECT_NE(report.problem.find("not finite"), std::string::npos) << report.problem;
  EXPECT_EQ(run.state_hash(), before);
  strikes = false;
  EXPECT_EQ(run.step(2).outcome, StepOutcome::taken);
}

TEST(Faults, ANaNInTheGateOfOneRankEndsAllRanksAlikeWithoutAGuard) {
  SmallRun run = run_of(guarded({.enabled = false}), test_world().size());
  Params& params = run.model().params();
  if (test_world().rank() == 1)
    params.value(params.find("layer1.router")).as<float>()[3] = std::nanf("");
  try {
    run.step(0);
    ADD_FAILURE() << "a step with a NaN was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::numerical);
    EXPECT_TRUE(error.agreed());
  }
}

TEST(Faults, EveryFlippedBitOfAWeightIsFoundAndTheRankNamed) {
  SmallRun run = run_of(guarded({}), 1);
  Params& params = run.model().params();
  const int ranks = test_world().size();
  for (std::int64_t trial = 0; trial < trials(300); ++trial) {
    Draw draw(trial);
    const int broken = static_cast<int>(draw.below(ranks));
    const auto id = static_cast<ParamId>(draw.below(std::ssize(params.all())));
    const Tensor value = params.value(id);
    const std::int64_t bit = draw.below(8 * value.bytes());
    if (test_world().rank() == broken) flip(value, bit);
    const std::string found = find_unequal_replicas(params, run.mesh(), run.stream());
    if (test_world().rank() == broken) flip(value, bit);
    const std::string& name = params.all()[static_cast<std::size_t>(id)].spec.name;
    EXPECT_NE(found.find(" of " + name), std::string::npos) << "trial " << trial << ": " << found;
    EXPECT_EQ(found.find(fmt::format("rank {} ", broken)) == 0, ranks > 2) << found;
  }
}

// One flipped bit in every step, in the rows or the gradients of one rank, early or late.
struct OneFlip {
  std::int64_t step = 0;
  int calls = 0;      // of this step so far, on this rank
  int num_calls = 1;  // of the step before
  int hits = 0;

  void operator()(Struck what, Tensor tensor) {
    if (what == Struck::packed) return;
    Draw draw(step);
    const auto broken = static_cast<int>(draw.below(test_world().size()));
    const std::int64_t at = draw.below(num_calls);
    if (test_world().rank() != broken || calls++ != at) return;
    flip(tensor, draw.below(8 * tensor.bytes()));
    ++hits;
  }
  void next(std::int64_t to) {
    step = to;
    num_calls = std::max(1, std::exchange(calls, 0));
  }
};

struct Outcomes {
  int repeated = 0, changed = 0;  // steps
};

// What becomes of a run with one flip in every step; `changed` counts steps after which the state
// is not that of a sound run.
Outcomes run_with_flips(const GuardConfig& guard, std::int64_t steps) {
  const int degree = test_world().size();
  SmallRun sound = run_of(guarded({.spike_sigma = 0}), degree);
  OneFlip flips;
  SmallRun struck =
      run_of(guarded(guard), degree, [&flips](Struck what, Tensor tensor) { flips(what, tensor); });
  Outcomes outcomes;
  for (std::int64_t step = 0; step < steps; ++step) {
    flips.next(step);
    sound.step(step);
    const StepReport report = struck.step(step);
    outcomes.repeated += report.outcome == StepOutcome::repeated ? 1 : 0;
    outcomes.changed += struck.state_hash() != sound.state_hash() ? 1 : 0;
  }
  EXPECT_GT(reduce_one(test_world(), std::int64_t{flips.hits}, Reduce::sum), steps / 2);
  return outcomes;
}

TEST(Faults, AStepComputedTwiceKeepsEveryFlipOut) {
  const Outcomes outcomes =
      run_with_flips({.spike_sigma = 0, .rewinds = 0, .repeat_every = 1}, trials(24));
  EXPECT_EQ(outcomes.changed, 0);
  EXPECT_GT(outcomes.repeated, 0);
}

TEST(Faults, ComputedOnceAFlipGetsIn) {  // so that the test above can fail
  EXPECT_GT(run_with_flips({.spike_sigma = 0, .skips = 1000}, 8).changed, 0);
}

}  // namespace faults_test
}  // namespace switchyard
