#include "launch/run/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace switchyard {
namespace metrics_test {

StepReport example() {
  StepReport report;
  report.step = 41;
  report.loss = 0.1 + 0.2;
  report.gradient_norm = 1.0 / 3.0;
  report.learning_rate = 5e-324;
  report.balance_loss = 0.01;
  report.z_loss = 1e22;
  report.tokens = 1000;
  report.seconds = 0.5;
  report.exchanged = {100, 3000, 1000};
  report.layers = {{1, 1.25, 2.0794415416798357, 0, 0, {0.5, 0.75, 1, 1.125, 1.25}, 0, {3, 5}},
                   {2, 8.0, 0.0, 7, 0, {}, 5, {0, 0, 0, 0, 0, 9, 0, 0}}};
  return report;
}

StepCourse course() {
  return {1700000000.25, {{{"exchange", 0.25}, {"experts", 0.125}}, 0.1, 0.2, 0.4, 1}, 0.75};
}

TEST(Metrics, EveryDoubleReadsBackBitForBit) {
  const auto line = nlohmann::json::parse(metrics_line(3, 2, example(), course()));
  EXPECT_EQ(line.at("attempt"), 3);
  EXPECT_EQ(line.at("step"), 42);  // steps done, this one included
  EXPECT_EQ(line.at("loss").get<double>(), 0.1 + 0.2);
  EXPECT_EQ(line.at("gradient_norm").get<double>(), 1.0 / 3.0);
  EXPECT_EQ(line.at("learning_rate").get<double>(), 5e-324);
  EXPECT_EQ(line.at("z_loss").get<double>(), 1e22);
  EXPECT_EQ(line.at("tokens"), 1000);
  EXPECT_EQ(line.at("tokens_per_second").get<double>(), 2000.0);
  EXPECT_EQ(line.at("max_over_mean").get<double>(), 8.0);
}

TEST(Metrics, LayersKeepTheirLoads) {
  const auto layers = nlohmann::json::parse(metrics_line(3, 2, example(), course())).at("layers");
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[1].at("layer"), 2);
  EXPECT_EQ(layers[0].at("max_over_mean").get<double>(), 1.25);
  EXPECT_EQ(layers[0].at("entropy").get<double>(), 2.0794415416798357);
  EXPECT_EQ(layers[1].at("dead_experts"), 7);
  EXPECT_EQ(layers[1].at("hottest"), 5);
  EXPECT_EQ(layers[0].at("percentiles"), (nlohmann::json{0.5, 0.75, 1, 1.125, 1.25}));
}

TEST(Metrics, CountsNameEveryExpert) {
  const auto layers = nlohmann::json::parse(experts_line(3, example())).at("layers");
  EXPECT_EQ(layers, (nlohmann::json{{{"layer", 1}, {"counts", {3, 5}}},
                                    {{"layer", 2}, {"counts", {0, 0, 0, 0, 0, 9, 0, 0}}}}));
}

TEST(Metrics, WhatDiffersFromLayoutToLayoutIsInTheLastField) {
  const auto line = nlohmann::ordered_json::parse(metrics_line(3, 2, example(), course()));
  EXPECT_EQ(std::prev(line.end()).key(), "course");
  const auto how = line.at("course");
  EXPECT_EQ(how.at("time").get<double>(), 1700000000.25);
  EXPECT_EQ(how.at("parts").at("experts").get<double>(), 0.125);
  EXPECT_EQ(how.at("busy").at("rank"), 1);
  EXPECT_EQ(how.at("exchange").at("other_nodes"), 1000);
}

TEST(Metrics, BandwidthIsOfTheBytesThatLeaveARankPerSecondOfItsExchange) {
  EXPECT_EQ(exchange_bandwidth(example(), course().times, 2), 4000.0 / 2 / 0.25);
  EXPECT_EQ(exchange_bandwidth(example(), {}, 2), 0.0);
}

TEST(Metrics, ACheckpointLineSaysWhenAndHowLong) {
  const auto line = nlohmann::json::parse(checkpoint_line(2, {40, "step-40", 1700000001.5, 0.5}));
  EXPECT_EQ(line.at("checkpoint"), "step-40");
  EXPECT_EQ(line.at("step"), 40);
  EXPECT_EQ(line.at("time").get<double>(), 1700000001.5);
  EXPECT_EQ(line.at("save_seconds").get<double>(), 0.5);
}

TEST(Metrics, NumbersThatAreNotFiniteAreNullAndNamed) {
  StepReport report = example();
  report.loss = std::numeric_limits<double>::quiet_NaN();
  report.gradient_norm = std::numeric_limits<double>::infinity();
  const auto line = nlohmann::json::parse(metrics_line(1, 2, report, course()));
  EXPECT_TRUE(line.at("loss").is_null());
  EXPECT_EQ(line.at("not_finite"), (nlohmann::json{"loss", "gradient_norm"}));
  EXPECT_FALSE(line.at("course").contains("not_finite"));
}

TEST(Metrics, APlacementSaysWhatMovedAndWhatItWon) {
  PlacementReport report;
  report.steps_done = 40;
  report.seconds = 0.25;
  report.layers = {{1, 3, 1.5, 1.125}, {2, 0, 1.0, 1.0}};
  const auto line = nlohmann::json::parse(placement_line(2, report));
  EXPECT_EQ(line.at("step"), 40);
  const auto layers = line.at("placement");
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].at("moved"), 3);
  EXPECT_EQ(layers[0].at("max_over_mean_before").get<double>(), 1.5);
  EXPECT_EQ(layers[0].at("max_over_mean_after").get<double>(), 1.125);
}

TEST(Metrics, EveryLineHasItsKindAndCountsTheStepsDone) {
  StepReport skipped = example();
  skipped.outcome = StepOutcome::skipped;
  PlacementReport placement;
  placement.steps_done = 42;
  const std::pair<const char*, std::string> lines[] = {
      {"step", metrics_line(3, 2, example(), course())},
      {"validation", validation_line(3, 42, {2.5, {}})},
      {"experts", experts_line(3, example())},
      {"placement", placement_line(3, placement)},
      {"skip", guard_line(3, skipped)},
      {"save", checkpoint_line(3, {42, "step-42", 1.0, 0.5})}};
  for (const auto& [kind, text] : lines) {
    const auto line = nlohmann::json::parse(text);
    EXPECT_EQ(line.at("kind"), kind);
    EXPECT_EQ(line.at("attempt"), 3);
    EXPECT_EQ(line.at("step"), 42) << kind;
  }
}

TEST(Metrics, AValidationHasTheLossOfEachOfSeveralSources) {
  const auto one = nlohmann::json::parse(validation_line(1, 20, {2.5, {{"web", 10, 2.5}}}));
  EXPECT_EQ(one.at("validation_loss").get<double>(), 2.5);
  EXPECT_FALSE(one.contains("loss_of_sources"));
  const auto two =
      nlohmann::json::parse(validation_line(1, 20, {2.5, {{"web", 10, 3.0}, {"code", 5, 1.5}}}));
  EXPECT_EQ(two.at("loss_of_sources"), (nlohmann::json{{"web", 3.0}, {"code", 1.5}}));
}

TEST(Metrics, ALineIsOneLine) {
  EXPECT_EQ(metrics_line(1, 2, example(), course()).find('\n'), std::string::npos);
}

}  // namespace metrics_test
}  // namespace switchyard
