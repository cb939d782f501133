#include "launch/training/run_account.h"

#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard {
namespace run_account_test {

RunAccount account() {
  return {{{"config", "of a test"}}, 2, {.steps = 10}, "checkpoints/step-00000003-a0001"};
}

RunAccount patient_account() {
  return {{{"config", "of a test"}}, 2, {.steps = 10, .patience = 2}, ""};
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
  run.note_validation(2.5, /*sound=*/true);
  EXPECT_EQ(run.meta({}).at("validation_loss"), 2.5);
  run.note_step(report_of(1, StepOutcome::taken, 1.9));
  EXPECT_FALSE(run.meta({}).contains("validation_loss"));
}

TEST(RunAccount, OnlyASoundStepMayBeTheBest) {
  RunAccount run = patient_account();
  run.note_step(report_of(0, StepOutcome::outlier, 2.0));
  EXPECT_FALSE(run.note_validation(1.0, /*sound=*/false).improved);
  run.note_step(report_of(1, StepOutcome::taken, 2.0));
  EXPECT_TRUE(run.note_validation(2.0, /*sound=*/true).improved);
  EXPECT_EQ(run.state("running").best_step, 2);
}

TEST(RunAccount, SaysThatTheRunEndedEarly) {
  RunAccount run = patient_account();
  for (int step = 0; step < 3; ++step) {
    run.note_step(report_of(step, StepOutcome::taken, 2.0));
    EXPECT_EQ(run.note_validation(2.0, /*sound=*/true).ends_run, step == 2);
  }
  EXPECT_TRUE(run.state("done").stopped_early);
  EXPECT_FALSE(run.state("failed").stopped_early);
  EXPECT_EQ(run.meta({}).at("early_stop").at("since"), 2);
  EXPECT_FALSE(account().meta({}).contains("early_stop"));
}

CheckpointReader saved(const Scratch& scratch, const nlohmann::json& meta) {
  const auto comm = make_single_comm();
  Stream stream = Stream::cpu(1);
  const Buffer values({10}, DType::f32);
  return CheckpointReader(
      save_checkpoint(scratch.path(), 3, 1, {{"values", values}}, meta, *comm, stream));
}

TEST(RunAccount, RemembersWhatTheGuardLeftOut) {
  RunAccount run = account();
  StepReport skipped = report_of(0, StepOutcome::skipped, 9.0);
  skipped.sources = {{"web", 3}, {"\x1b[31mcode", 1}};
  run.note_step(skipped);
  run.note_step(report_of(1, StepOutcome::outlier, 2.0));
  run.note_left_out(2, {{"web", 8}});
  const std::string expected =
      "the guard left out 3 batches: 1 row of \\x1b[31mcode, 11 rows of web";
  EXPECT_EQ(run.left_out_text(), expected);
  const Scratch scratch;
  RunAccount resumed = account();
  EXPECT_EQ(resumed.left_out_text(), "");
  resumed.load(saved(scratch, run.meta({})));
  EXPECT_EQ(resumed.left_out_text(), expected);
}

TEST(RunAccount, NamesWhatACheckpointDoesNotHoldRightly) {
  for (const char* key : {"step_seconds", "left_out", "validation_loss"}) {
    const Scratch scratch;
    const CheckpointReader reader = saved(scratch, {{key, "x"}});
    RunAccount run = account();
    const Thrown thrown = thrown_by([&] { run.load(reader); });
    EXPECT_EQ(thrown.code, Exit::data);
    EXPECT_NE(thrown.message.find(fmt::format("manifest.json: 'meta.{}' is not", key)),
              std::string::npos)
        << thrown.message;
  }
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
