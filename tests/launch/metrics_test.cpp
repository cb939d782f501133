#include "launch/metrics.h"

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
  report.layers = {{1, 1.25, 2.0794415416798357, 0}, {2, 8.0, 0.0, 7}};
  return report;
}

TEST(Metrics, EveryDoubleReadsBackBitForBit) {
  const auto line = nlohmann::json::parse(metrics_line(3, example()));
  EXPECT_EQ(line.at("attempt"), 3);
  EXPECT_EQ(line.at("step"), 41);
  EXPECT_EQ(line.at("loss").get<double>(), 0.1 + 0.2);
  EXPECT_EQ(line.at("gradient_norm").get<double>(), 1.0 / 3.0);
  EXPECT_EQ(line.at("learning_rate").get<double>(), 5e-324);
  EXPECT_EQ(line.at("z_loss").get<double>(), 1e22);
  EXPECT_EQ(line.at("tokens"), 1000);
  EXPECT_EQ(line.at("tokens_per_second").get<double>(), 2000.0);
}

TEST(Metrics, LayersKeepTheirLoads) {
  const auto layers = nlohmann::json::parse(metrics_line(3, example())).at("layers");
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[1].at("layer"), 2);
  EXPECT_EQ(layers[0].at("max_over_mean").get<double>(), 1.25);
  EXPECT_EQ(layers[0].at("entropy").get<double>(), 2.0794415416798357);
  EXPECT_EQ(layers[1].at("dead_experts"), 7);
}

TEST(Metrics, NumbersThatAreNotFiniteAreNullAndNamed) {
  StepReport report = example();
  report.loss = std::numeric_limits<double>::quiet_NaN();
  report.gradient_norm = std::numeric_limits<double>::infinity();
  const auto line = nlohmann::json::parse(metrics_line(1, report));
  EXPECT_TRUE(line.at("loss").is_null());
  EXPECT_EQ(line.at("not_finite"), (nlohmann::json{"loss", "gradient_norm"}));
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

TEST(Metrics, ALineIsOneLine) {
  EXPECT_EQ(metrics_line(1, example()).find('\n'), std::string::npos);
}

}  // namespace metrics_test
}  // namespace switchyard
