#include "launch/training/run_account.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace run_account_test {

RunAccount account() {
  return {{{"config", "of a test"}}, 2, 10, "checkpoints/step-00000003-a0001"};
}

StepReport report_of(std::int64_t step, StepOutcome outcome, double loss) {
  StepReport report;
  report.step = step;
  report.outcome = outcome;
  report.loss = loss;
  report.seconds = 0.5;
  return report;
}

TEST(RunAccount, BeforeTheFirstStepACheckpointWouldHoldNoLoss) {
  const nlohmann::json meta = account().meta({{"guard", 1}});
  EXPECT_EQ(meta.at("config"), "of a test");
  EXPECT_EQ(meta.at("trainer").at("guard"), 1);
  EXPECT_EQ(meta.at("step"), 0);
  EXPECT_FALSE(meta.contains("loss"));
}

TEST(RunAccount, CountsStepsAndTheirTime) {
  RunAccount run = account();
  run.note_step(report_of(3, StepOutcome::taken, 2.0));
  run.note_step(report_of(4, StepOutcome::taken, 1.5));
  const nlohmann::json meta = run.meta({});
  EXPECT_EQ(meta.at("step"), 5);
  EXPECT_EQ(meta.at("attempt"), 2);
  EXPECT_EQ(meta.at("loss"), 1.5);
  EXPECT_EQ(meta.at("step_seconds"), 1.0);
}

TEST(RunAccount, TheLossIsOfTheLastStepThatWasTaken) {
  RunAccount run = account();
  run.note_step(report_of(0, StepOutcome::taken, 2.0));
  run.note_step(report_of(1, StepOutcome::skipped, 9.0));
  EXPECT_EQ(run.meta({}).at("loss"), 2.0);
}

TEST(RunAccount, AValidationLossIsOfItsStepAlone) {
  RunAccount run = account();
  run.note_step(report_of(0, StepOutcome::taken, 2.0));
  run.note_validation(2.5);
  EXPECT_EQ(run.meta({}).at("validation_loss"), 2.5);
  run.note_step(report_of(1, StepOutcome::taken, 1.9));
  EXPECT_FALSE(run.meta({}).contains("validation_loss"));
}

TEST(RunAccount, TheStateNamesTheNewestCheckpoint) {
  RunAccount run = account();
  EXPECT_EQ(run.state("running").checkpoint, "step-00000003-a0001");
  run.note_checkpoint("checkpoints/step-00000005-a0002");
  const RunState state = run.state("failed", "why");
  EXPECT_EQ(state.checkpoint, "step-00000005-a0002");
  EXPECT_EQ(state.problem, "why");
  EXPECT_EQ(state.steps, 10);
}

}  // namespace run_account_test
}  // namespace switchyard
