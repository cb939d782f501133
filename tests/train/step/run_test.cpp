// The loop around steps, with steps, saves and a process that only keep a journal.
#include "train/step/run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/rank_test.h"

namespace switchyard {
namespace run_test {

// What one rank did: "step 0, save 1, ...".
class Journal {
 public:
  void note(const std::string& what) { text_ += (text_.empty() ? "" : ", ") + what; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class FakeSteps : public RunSteps {
 public:
  explicit FakeSteps(Journal& journal) : journal_(journal) {}

  std::map<std::int64_t, StepOutcome> outcomes;  // of steps that are not taken
  bool evaluates = false;
  std::function<void()> during_evaluation;

  StepReport step(std::int64_t step) override {
    journal_.note(fmt::format("step {}", step));
    StepReport report;
    report.step = step;
    if (const auto found = outcomes.find(step); found != outcomes.end()) {
      report.outcome = found->second;
    }
    return report;
  }
  bool can_evaluate() const override { return evaluates; }
  std::optional<Evaluation> evaluate(const std::function<bool()>& stop) override {
    if (during_evaluation) during_evaluation();
    return stop() ? std::nullopt : std::optional(Evaluation{2.5, {}});
  }
  PlacementReport place_experts() override { return {}; }

 private:
  Journal& journal_;
};

class FakeSaves : public RunSaves {
 public:
  explicit FakeSaves(Journal& journal) : journal_(journal) {}

  std::int64_t busy_votes = 0;     // how often this rank is still working
  bool notes_sound_steps = false;  // in the journal

  bool working() override { return busy_votes-- > 0; }
  void advance() override { ++num_advances; }
  void save(std::int64_t steps_done) override { journal_.note(fmt::format("save {}", steps_done)); }
  void save_between(std::int64_t steps_done) override {
    if (notes_sound_steps) journal_.note(fmt::format("between {}", steps_done));
  }
  void finish() override { journal_.note("finish"); }

  std::int64_t num_advances = 0;

 private:
  Journal& journal_;
};

class FakeHost : public RunHost {
 public:
  explicit FakeHost(Journal& journal) : journal_(journal) {}

  std::int64_t stops_after = 0;  // this rank is asked to stop during this step; 0: never

  bool stops_now = false;

  bool stop_requested() const override {
    return stops_now || (stops_after > 0 && steps_done_ >= stops_after);
  }
  void entered(Phase phase) override { phase_ = phase; }
  void stepped(const StepReport& report) override { steps_done_ = report.step + 1; }
  void evaluated(std::int64_t steps_done, const Evaluation& evaluation) override {
    journal_.note(fmt::format("evaluated {}: {}", steps_done, evaluation.loss));
  }
  void placed(const PlacementReport& report) override {
    journal_.note(fmt::format("placed {}", report.steps_done));
  }

  Phase phase() const { return phase_; }

 private:
  Journal& journal_;
  std::int64_t steps_done_ = 0;
  Phase phase_ = Phase::start;
};

class Run : public testing::Test {
 protected:
  RunEnd run(const RunRange& range = {}) {
    return run_training(steps_, saves_, host_, config_, range, world_);
  }

  Comm& world_ = test_world();
  bool last_rank_ = world_.rank() == world_.size() - 1;
  TrainConfig config_{.steps = 4, .checkpoint_every = 0};
  Journal journal_;
  FakeSteps steps_{journal_};
  FakeSaves saves_{journal_};
  FakeHost host_{journal_};
};

TEST_F(Run, SavesWhenDueAndAfterTheLastStep) {
  config_.steps = 5;
  config_.checkpoint_every = 2;
  EXPECT_EQ(run(), RunEnd::done);
  EXPECT_EQ(journal_.text(),
            "step 0, step 1, save 2, step 2, step 3, save 4, step 4, save 5, finish");
}

TEST_F(Run, ALastStepWithASaveDueIsSavedOnce) {
  config_.steps = 2;
  config_.checkpoint_every = 2;
  run();
  EXPECT_EQ(journal_.text(), "step 0, step 1, save 2, finish");
}

TEST_F(Run, SaysWhenAStepIsTakenWithoutASave) {
  config_.steps = 3;
  config_.checkpoint_every = 2;
  saves_.notes_sound_steps = true;
  run();
  EXPECT_EQ(journal_.text(), "step 0, between 1, step 1, save 2, step 2, save 3, finish");
}

TEST_F(Run, EvaluatesWhenDueBeforeItSaves) {
  config_.evaluate_every = 2;
  config_.checkpoint_every = 2;
  steps_.evaluates = true;
  run();
  EXPECT_EQ(journal_.text(),
            "step 0, step 1, evaluated 2: 2.5, save 2, step 2, step 3, evaluated 4: 2.5, save 4, "
            "finish");
}

TEST_F(Run, EvaluatesNothingWithoutValidationData) {
  config_.steps = 1;
  config_.evaluate_every = 1;
  run();
  EXPECT_EQ(journal_.text(), "step 0, save 1, finish");
}

TEST_F(Run, DoesNotEvaluateWhenItIsAskedToLeave) {
  config_.evaluate_every = 1;
  steps_.evaluates = true;
  run({.stop_before = 1});
  EXPECT_EQ(journal_.text(), "step 0, save 1, finish");
}

TEST_F(Run, LeavesDuringAnEvaluationWhenOneRankIsAskedTo) {
  config_.evaluate_every = 2;
  steps_.evaluates = true;
  steps_.during_evaluation = [this] { host_.stops_now = last_rank_; };
  EXPECT_EQ(run(), RunEnd::preempted);
  EXPECT_EQ(journal_.text(), "step 0, step 1, save 2, finish");
}

TEST_F(Run, MakesUpForAnEvaluationThatItLeft) {
  config_.evaluate_every = 2;
  steps_.evaluates = true;
  EXPECT_EQ(run({.first_step = 2, .stop_before = 3, .evaluated = false}), RunEnd::stopped);
  EXPECT_EQ(journal_.text(), "evaluated 2: 2.5, save 2, step 2, save 3, finish");
}

TEST_F(Run, MakesUpForTheLastEvaluation) {
  config_.evaluate_every = 2;
  steps_.evaluates = true;
  EXPECT_EQ(run({.first_step = 4, .evaluated = false}), RunEnd::done);
  EXPECT_EQ(journal_.text(), "evaluated 4: 2.5, save 4, finish");
}

TEST_F(Run, MakesUpForNoEvaluationThatWasNotDue) {
  config_.evaluate_every = 3;
  steps_.evaluates = true;
  run({.first_step = 2, .stop_before = 3, .evaluated = false});
  EXPECT_EQ(journal_.text(), "step 2, save 3, finish");
}

TEST_F(Run, LeavesBeforeItsFirstStepWithoutASave) {
  host_.stops_now = last_rank_;
  EXPECT_EQ(run({.first_step = 2}), RunEnd::preempted);
  EXPECT_EQ(journal_.text(), "");
}

TEST_F(Run, PlacesExpertsWhenDueButNotAfterTheLastStep) {
  config_.placement_every = 2;
  run();
  EXPECT_EQ(journal_.text(), "step 0, step 1, placed 2, step 2, step 3, save 4, finish");
}

TEST_F(Run, StopsOnAllRanksWhenOneIsAskedTo) {
  host_.stops_after = last_rank_ ? 2 : 0;
  EXPECT_EQ(run(), RunEnd::preempted);
  EXPECT_EQ(journal_.text(), "step 0, step 1, save 2, finish");
}

TEST_F(Run, ARequestDuringTheLastStepChangesNothing) {
  host_.stops_after = 4;
  EXPECT_EQ(run(), RunEnd::done);
  EXPECT_EQ(journal_.text(), "step 0, step 1, step 2, step 3, save 4, finish");
}

TEST_F(Run, StopsBeforeAStep) {
  EXPECT_EQ(run({.stop_before = 3}), RunEnd::stopped);
  EXPECT_EQ(journal_.text(), "step 0, step 1, step 2, save 3, finish");
}

TEST_F(Run, GoesOnAtItsFirstStep) {
  config_.checkpoint_every = 3;
  EXPECT_EQ(run({.first_step = 2}), RunEnd::done);
  EXPECT_EQ(journal_.text(), "step 2, save 3, step 3, save 4, finish");
}

// As when a chain of jobs has one job too many.
TEST_F(Run, DoesNothingWhereItWasStoppedBefore) {
  for (const std::int64_t stop_before : {1, 2}) {
    EXPECT_EQ(run({.first_step = 2, .stop_before = stop_before}), RunEnd::stopped);
    EXPECT_EQ(journal_.text(), "");
  }
}

TEST_F(Run, DoesNothingWhenNoStepIsLeft) {
  EXPECT_EQ(run({.first_step = 4}), RunEnd::done);
  EXPECT_EQ(journal_.text(), "");
}

TEST_F(Run, AdvancesASaveOnlyWhenNoRankWorksOnIt) {
  saves_.busy_votes = last_rank_ ? 3 : 0;
  run();
  EXPECT_EQ(saves_.num_advances, 1);  // at the last of four votes
}

TEST_F(Run, ADueSaveWaitsForTheNextStepThatIsTaken) {
  config_.steps = 6;
  config_.checkpoint_every = 2;
  steps_.outcomes = {{1, StepOutcome::skipped}, {2, StepOutcome::skipped}};
  saves_.notes_sound_steps = true;
  run();
  EXPECT_EQ(journal_.text(),
            "step 0, between 1, step 1, step 2, step 3, save 4, step 4, between 5, step 5, save 6, "
            "finish");
}

TEST_F(Run, AMissedSaveIsMadeUpForOnce) {
  config_.steps = 5;
  config_.checkpoint_every = 2;
  steps_.outcomes = {{1, StepOutcome::skipped}};
  run({.stop_before = 3});
  EXPECT_EQ(journal_.text(), "step 0, step 1, step 2, save 3, finish");
}

TEST_F(Run, AStepThatWasRepeatedCountsAsTaken) {
  config_.steps = 3;
  config_.checkpoint_every = 2;
  steps_.outcomes = {{1, StepOutcome::repeated}};
  run();
  EXPECT_EQ(journal_.text(), "step 0, step 1, save 2, step 2, save 3, finish");
}

TEST_F(Run, ADueSaveWaitsForAStepAfterAnOutlier) {
  config_.checkpoint_every = 2;
  steps_.outcomes = {{1, StepOutcome::outlier}};
  run();
  EXPECT_EQ(journal_.text(), "step 0, step 1, step 2, save 3, step 3, save 4, finish");
}

TEST_F(Run, SavesBeforeItLeavesEvenAfterASkippedStep) {
  steps_.outcomes = {{1, StepOutcome::skipped}};
  run({.stop_before = 2});
  EXPECT_EQ(journal_.text(), "step 0, step 1, save 2, finish");
}

TEST_F(Run, ARewindEndsItWithoutASave) {
  config_.checkpoint_every = 2;
  steps_.outcomes = {{1, StepOutcome::rewind}};
  EXPECT_EQ(run(), RunEnd::rewind);
  EXPECT_EQ(journal_.text(), "step 0, step 1");
  EXPECT_EQ(host_.phase(), Phase::start);
}

}  // namespace run_test
}  // namespace switchyard
