#include "launch/training/saving.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/checkpoint/checkpoint.h"
#include "io/files/durable.h"
#include "launch/run/attempts.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace saving_test {

namespace fs = std::filesystem;

// An attempt at a run whose state is one tensor for each rank.
class SavingOf : public testing::Test {
 protected:
  SavingOf() { std::fill_n(values_.tensor().as<float>(), values_.tensor().size(), 1.0F); }

  static fs::path made(fs::path run, Comm& world) {
    if (world.rank() == 0) {
      durable::make_folders(run / "logs");
      take_attempt(run, "");
    }
    world.barrier();
    return run;
  }

  Snapshot snapshot() const {
    return {account_.steps_done(),
            {{fmt::format("value/of_rank{}", world_.rank()), values_}},
            account_.meta({}),
            {}};
  }
  Saving saving() {
    return {run_, config_, account_, notes_, [this] { return snapshot(); }, world_, stream_};
  }
  // The run has done this many steps.
  void train_to(std::int64_t steps_done) {
    StepReport report;
    report.step = steps_done - 1;
    account_.note_step(report);
  }
  // Votes as a run does after each step, until the save is over.
  void vote_until_done(Saving& saving) {
    while (saving.in_progress()) {
      if (reduce_one(world_, std::int64_t{saving.working()}, Reduce::max) == 0) saving.advance();
    }
  }
  std::int64_t num_checkpoints() {
    world_.barrier();
    return std::ssize(find_checkpoints(run_));
  }

  Comm& world_ = test_world();
  Mesh mesh_ = make_mesh(world_.split(0, world_.rank()), 1);
  Stream stream_ = Stream::cpu(1);
  SharedScratch scratch_{world_};
  fs::path run_ = made(scratch_ / "run", world_);
  CheckpointConfig config_;
  RunAccount account_{{{"config", "of a test"}}, 1, {.steps = 10}, ""};
  RunNotes notes_{RunDirectory(run_), 1, 10, mesh_};
  Buffer values_{{300, 1000}, DType::f32};
};

TEST_F(SavingOf, ACommittedSaveIsTheRunsNewestCheckpoint) {
  Saving saving = this->saving();
  train_to(3);
  saving.save(3);
  saving.finish();
  EXPECT_EQ(account_.checkpoint().filename(), "step-00000003-a0001");
  EXPECT_EQ(CheckpointReader(account_.checkpoint()).meta().at("config"), "of a test");
  world_.barrier();
  EXPECT_EQ(RunDirectory(run_).read_state().checkpoint, "step-00000003-a0001");
}

TEST_F(SavingOf, ASynchronousSaveIsOverWhenItReturns) {
  config_.async = false;
  Saving saving = this->saving();
  train_to(3);
  saving.save(3);
  EXPECT_FALSE(saving.in_progress());
  EXPECT_EQ(num_checkpoints(), 1);
}

TEST_F(SavingOf, ASaveThatIsDueWaitsForTheOneBefore) {
  config_.write_rate = 1;  // bytes per second: nobody would wait for that
  Saving saving = this->saving();
  train_to(3);
  saving.save(3);
  train_to(4);
  saving.save(4);
  saving.finish();
  EXPECT_EQ(num_checkpoints(), 2);
}

TEST_F(SavingOf, OldCheckpointsGo) {
  config_.keep = 2;
  Saving saving = this->saving();
  for (const std::int64_t step : {1, 2, 3, 4}) {
    train_to(step);
    saving.save(step);
    saving.settle();
  }
  EXPECT_EQ(num_checkpoints(), 2);
}

TEST_F(SavingOf, ARunSurvivesAFullDiskButNotAtItsEnd) {
  Saving saving = this->saving();
  {
    const FileSizeLimit limit(world_.rank() == world_.size() - 1 ? 100'000 : RLIM_INFINITY);
    train_to(3);
    saving.save(3);
    vote_until_done(saving);
  }
  const Thrown thrown = thrown_by([&] { saving.finish(); });
  EXPECT_EQ(thrown.code, Exit::storage);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_EQ(num_checkpoints(), 0);
  train_to(4);
  saving.save(4);
  saving.finish();
  EXPECT_EQ(num_checkpoints(), 1);
}

TEST_F(SavingOf, AnOvertakenAttemptLeaves) {
  Saving saving = this->saving();
  if (world_.rank() == 0) take_attempt(run_, "");
  train_to(3);
  const Thrown thrown = thrown_by([&] { saving.save(3); });
  EXPECT_EQ(thrown.code, Exit::busy);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_FALSE(saving.in_progress());
}

TEST_F(SavingOf, NodeLocalSavesComeWhenTheyAreDueAndNoSaveGoesOn) {
  config_.local_dir = (scratch_ / "local").string();
  config_.local_every = 2;
  config_.local_ranks_per_node = 1;
  Saving saving = this->saving();
  train_to(3);
  saving.save_between(3);
  EXPECT_FALSE(saving.in_progress());
  train_to(4);
  saving.save_between(4);
  EXPECT_TRUE(saving.in_progress());
  train_to(6);
  saving.save_between(6);
  saving.finish();
  EXPECT_TRUE(account_.checkpoint().empty());
  std::int64_t num_manifests = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(scratch_ / fmt::format("local/node-{}", world_.rank()))) {
    num_manifests += entry.path().filename() == "manifest.json";
  }
  EXPECT_EQ(num_manifests, 1);
}

TEST_F(SavingOf, ABrokenLocalDiskCostsNoRun) {
  config_.local_dir = (scratch_ / "local").string();
  config_.local_every = 2;
  Saving saving = this->saving();
  {
    const FileSizeLimit limit(world_.rank() == world_.size() - 1 ? 100'000 : RLIM_INFINITY);
    train_to(4);
    saving.save_between(4);
    vote_until_done(saving);
  }
  EXPECT_NO_THROW(saving.finish());
}

}  // namespace saving_test
}  // namespace switchyard
