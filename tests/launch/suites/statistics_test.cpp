#include "launch/suites/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "launch/suites/calibration.h"
#include "launch/suites/text_figures.h"

namespace switchyard::suites {
namespace statistics_test {

// What scipy, numpy and rouge-score say of the same numbers: tests/long/suite_goldens.py.
const nlohmann::json& goldens() {
  static const nlohmann::json all = nlohmann::json::parse(
      std::ifstream(std::string(SWITCHYARD_SOURCE_DIR) + "/tests/launch/suites/goldens.json"));
  return all;
}

std::vector<Prediction> golden_predictions() {
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < goldens().at("confidence").size(); ++i) {
    predictions.push_back({goldens().at("confidence").at(i), goldens().at("right").at(i) == 1});
  }
  return predictions;
}

TEST(Wilson, IsScipys) {
  for (const auto& golden : goldens().at("wilson")) {
    const Interval found = wilson(golden.at(0), golden.at(1));
    EXPECT_NEAR(found.low, golden.at(2).get<double>(), 1e-12);
    EXPECT_NEAR(found.high, golden.at(3).get<double>(), 1e-12);
  }
  EXPECT_NEAR(wilson(14, 20).low, 0.481, 5e-4);
  EXPECT_NEAR(wilson(70, 100).low, 0.604, 5e-4);
}

TEST(Wilson, KnowsHowManyCasesDecide) {
  const std::int64_t needed = *cases_to_decide(0.8, 0.7, /*above=*/true);
  const auto low = [](std::int64_t cases) {
    return wilson(0.8 * static_cast<double>(cases), static_cast<double>(cases)).low;
  };
  EXPECT_GE(low(needed), 0.7);
  EXPECT_LT(low(needed - 1), 0.7);
  EXPECT_FALSE(cases_to_decide(0.7, 0.7, true).has_value());
  EXPECT_FALSE(cases_to_decide(0.6, 0.7, true).has_value());
  EXPECT_TRUE(cases_to_decide(0.6, 0.7, false).has_value());
}

TEST(WeightedMean, HasTheErrorOfARatio) {
  const std::vector<double> values = {1, 2, 4}, equal = {5, 5, 5}, weights = {1, 1, 2};
  const WeightedMean plain = weighted_mean(values, equal);
  EXPECT_NEAR(plain.mean, 7.0 / 3.0, 1e-15);
  EXPECT_NEAR(*plain.error, std::sqrt(7.0 / 3.0) / std::sqrt(3.0), 1e-15);  // s^2 = 7/3
  const WeightedMean weighted = weighted_mean(values, weights);
  EXPECT_NEAR(weighted.mean, 11.0 / 4.0, 1e-15);
  const double squares = 1.75 * 1.75 + 0.75 * 0.75 + 2.5 * 2.5;
  EXPECT_NEAR(*weighted.error, std::sqrt(1.5 * squares) / 4.0, 1e-15);
  EXPECT_FALSE(weighted_mean(std::vector<double>{1.0}, std::vector<double>{2.0}).error.has_value());
}

TEST(Auroc, IsMannWhitneysWithTies) {
  const auto inside = goldens().at("inside").get<std::vector<double>>();
  const auto outside = goldens().at("outside").get<std::vector<double>>();
  const Auroc found = auroc(inside, outside);
  EXPECT_NEAR(found.area, goldens().at("auroc").get<double>(), 1e-15);
  double wins = 0.0;
  for (const double a : inside) {
    for (const double b : outside) wins += b > a ? 1.0 : b == a ? 0.5 : 0.0;
  }
  EXPECT_NEAR(found.area, wins / static_cast<double>(inside.size() * outside.size()), 1e-15);
  EXPECT_LT(found.interval.low, found.area);
  EXPECT_GT(found.interval.high, found.area);
}

TEST(Calibration, OfConfidenceThatIsWrongByAFifth) {
  std::vector<Prediction> predictions;
  for (int i = 0; i < 100; ++i) predictions.push_back({0.9, i < 70});
  EXPECT_NEAR(calibration_error(predictions), 0.2, 1e-14);
  EXPECT_NEAR(brier(predictions), 0.7 * 0.01 + 0.3 * 0.81, 1e-14);
}

TEST(Calibration, IsThatOfNumpy) {
  EXPECT_NEAR(calibration_error(golden_predictions()), goldens().at("ece").get<double>(), 1e-6);
  EXPECT_NEAR(calibration_error_equal_counts(golden_predictions()),
              goldens().at("ece_equal_counts").get<double>(), 1e-12);
  EXPECT_NEAR(brier(golden_predictions()), goldens().at("brier").get<double>(), 1e-12);
}

TEST(Calibration, FindsTheBestTemperature) {
  std::vector<Question> questions;
  for (const auto& golden : goldens().at("questions")) {
    questions.push_back({golden.at(0).get<std::vector<double>>(), golden.at(1)});
  }
  EXPECT_NEAR(*best_temperature(questions), goldens().at("temperature").get<double>(), 1e-5);
}

TEST(Calibration, RecoversAPlantedTemperature) {
  // Answers occur as often as the softmax at 2 says: 3 of 4 times the first one.
  std::vector<Question> questions;
  for (std::size_t i = 0; i < 4; ++i) questions.push_back({{2.0 * std::log(3.0), 0.0}, i / 3});
  EXPECT_NEAR(*best_temperature(questions), 2.0, 1e-6);
  questions.resize(3);  // always right: the colder the better
  EXPECT_FALSE(best_temperature(questions).has_value());
}

TEST(TextFigures, RougeIsThatOfRougeScore) {
  for (const auto& golden : goldens().at("rouge")) {
    const std::string text = golden.at(0), reference = golden.at(1);
    EXPECT_NEAR(rouge_n(text, reference, 1), golden.at(2).get<double>(), 1e-12) << text;
    EXPECT_NEAR(rouge_n(text, reference, 2), golden.at(3).get<double>(), 1e-12) << text;
    EXPECT_NEAR(rouge_l(text, reference), golden.at(4).get<double>(), 1e-12) << text;
  }
}

TEST(TextFigures, CountNGramsSyllablesAndTerms) {
  const auto words = words_of(" a b  a b\na b ");
  EXPECT_EQ(words.size(), 6U);
  EXPECT_NEAR(distinct_share(words, 1), 2.0 / 6.0, 1e-15);
  EXPECT_NEAR(distinct_share(words, 2), 2.0 / 5.0, 1e-15);
  EXPECT_NEAR(repeated_share(words, 4), 1.0 / 3.0, 1e-15);
  EXPECT_EQ(distinct_share({}, 2), 1.0);
  EXPECT_EQ(syllables_of("make"), 1);
  EXPECT_EQ(syllables_of("table"), 2);
  EXPECT_EQ(syllables_of("io"), 1);
  EXPECT_NEAR(flesch("The cat sat. It ran!"), flesch_of(5, 2, 5), 1e-12);
  EXPECT_NEAR(flesch_of(6, 1, 6), 116.145, 1e-12);
  EXPECT_TRUE(has_term("uses git.", "git"));
  EXPECT_FALSE(has_term("digits", "git"));
  EXPECT_FALSE(has_term("git_log", "git"));
}

}  // namespace statistics_test
}  // namespace switchyard::suites
