#include "tests/train/step/fake_run.h"

namespace switchyard {
namespace run_test {

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
  EXPECT_EQ(journal_.text(), "step 0, step 1, rejoin");
  EXPECT_EQ(host_.phase(), Phase::start);
}

// Each rank is an island.
TEST_F(Run, IslandsMeetBeforeTheyAreEvaluatedAndSaved) {
  config_.islands = {.count = 2, .sync_every = 2, .vote_every = 3};
  config_.steps = 5;
  config_.checkpoint_every = 4;
  config_.evaluate_every = 4;
  steps_.evaluates = true;
  steps_.meets_every = 2;
  saves_.busy_votes = 1;
  EXPECT_EQ(run(), RunEnd::done);
  EXPECT_EQ(journal_.text(),
            "step 0, step 1, meet 2, met 2, step 2, step 3, meet 4, met 4, evaluated 4: 2.5, save "
            "4, step 4, save 5, finish");
  EXPECT_EQ(saves_.num_advances, 4);  // votes after 2 (busy), 3, 4, in the evaluation, and after 5
}

TEST_F(Run, AnIslandThatGoesBackWaitsForTheOthersAndTakesThemAlong) {
  config_.islands = {.count = 2, .sync_every = 4, .vote_every = 4};
  config_.steps = 8;
  if (last_rank_) steps_.outcomes = {{1, StepOutcome::rewind}};
  steps_.meets_every = 4;
  EXPECT_EQ(run(), RunEnd::rewind);
  EXPECT_EQ(journal_.text(),
            last_rank_ ? "step 0, step 1, rejoin" : "step 0, step 1, step 2, step 3, rejoin");
}

TEST_F(Run, ASaveWaitsForAStepThatAllIslandsTake) {
  config_.islands = {.count = 2, .sync_every = 1};
  config_.checkpoint_every = 2;
  config_.islands.vote_every = 1;
  if (last_rank_) steps_.outcomes = {{1, StepOutcome::skipped}};
  run();
  EXPECT_EQ(journal_.text(), "step 0, step 1, step 2, save 3, step 3, save 4, finish");
}

TEST_F(Run, IslandsHearOfASignalAtTheNextVote) {
  config_.islands = {.count = 2, .sync_every = 8, .vote_every = 3};
  config_.steps = 8;
  host_.stops_after = last_rank_ ? 1 : 0;
  EXPECT_EQ(run(), RunEnd::preempted);
  EXPECT_EQ(journal_.text(), "step 0, step 1, step 2, save 3, finish");
}

}  // namespace run_test
}  // namespace switchyard
