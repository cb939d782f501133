#include "launch/run/progress.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace progress_test {

StepReport example() {
  StepReport report;
  report.step = 119;
  report.loss = 3.2144;
  report.tokens = 4096;
  report.seconds = 0.5;
  report.layers = {{1, 1.1, 2.0, 0}, {2, 1.42, 2.0, 0}};
  return report;
}

TEST(Progress, ALineSaysWhereTheRunIs) {
  EXPECT_EQ(progress_line(example(), 600, 12345.0, 250.0, Color::no),
            "[===>                ] 120/600  loss 3.214  12.3k tokens/s  balance 1.42  4m10s left");
}

TEST(Progress, ALogLineSaysTheSame) {
  EXPECT_EQ(log_line(example(), 600, 12345.0, 250.0),
            "step 120 of 600: loss 3.214, 12.3k tokens/s, balance 1.42, 4m10s left");
}

TEST(Progress, LogsTheFirstAndTheLastStep) {
  std::vector<std::string> logged;
  Progress progress(0, 3, false, Color::no,
                    [&](const std::string& line) { logged.push_back(line); });
  StepReport report = example();
  for (report.step = 0; report.step < 3; ++report.step) progress.report(report);
  ASSERT_EQ(logged.size(), 2U);
  EXPECT_TRUE(logged[0].starts_with("step 1 of 3: loss 3.214")) << logged[0];
  EXPECT_TRUE(logged[1].starts_with("step 3 of 3: loss 3.214")) << logged[1];
}

TEST(Progress, AnEvaluationNamesTheSourcesIfThereAreSeveral) {
  EXPECT_EQ(evaluation_summary(20, {3.21441, {{"web", 5, 3.21441}}}),
            "step 20: validation loss 3.2144");
  EXPECT_EQ(evaluation_summary(20, {3.0, {{"web", 5, 3.25}, {"a\x1b", 5, 2.75}}}),
            "step 20: validation loss 3.0000 (web 3.2500, a\\x1b 2.7500)");
}

TEST(Progress, TimeLeftIsLeftOutWhileUnknown) {
  EXPECT_EQ(progress_line(example(), 600, 800.0, -1.0, Color::no),
            "[===>                ] 120/600  loss 3.214  800 tokens/s  balance 1.42");
}

TEST(Progress, ADenseModelHasNoBalance) {
  StepReport report = example();
  report.layers.clear();
  EXPECT_EQ(progress_line(report, 120, 800.0, 0.0, Color::no),
            "[===================>] 120/120  loss 3.214  800 tokens/s  0s left");
}

TEST(Progress, APlacementIsOneSentence) {
  PlacementReport report;
  report.steps_done = 200;
  report.seconds = 0.03;
  report.layers = {{1, 3, 1.5, 1.05}, {2, 0, 1.02, 1.02}};
  EXPECT_EQ(placement_summary(report),
            "step 200: 3 experts moved in 1 of 2 layers in 0.03 s; the busiest rank has 1.05 times "
            "the mean load, from 1.50");
  report.layers[0] = {1, 0, 1.5, 1.5};
  EXPECT_EQ(placement_summary(report),
            "step 200: no experts moved; the busiest rank has 1.50 times the mean load");
}

TEST(Progress, ColorIsOnlyInTheBar) {
  EXPECT_NE(progress_line(example(), 600, 1.0, -1.0, Color::yes).find("\x1b[32m"),
            std::string::npos);
}

}  // namespace progress_test
}  // namespace switchyard
