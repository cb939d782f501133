#include "io/transform/merge_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>

#include <nlohmann/json.hpp>

#include "io/transform/ties.h"

namespace switchyard {
namespace merge_ops_test {

using Values = std::vector<float>;
using Model = std::vector<Values>;  // tensors

Unit unit_of(const std::vector<Model>& models, const Model& base, std::size_t tensor) {
  Unit unit;
  for (const Model& model : models) unit.inputs.emplace_back(model[tensor]);
  unit.inputs.emplace_back(base[tensor]);
  unit.size = base[tensor].size();
  return unit;
}

Values applied(const UnitOp& op, const Unit& unit) {
  Values out(unit.size);
  op.apply(unit, out);
  return out;
}

void count(TiesCounting& counting, const std::vector<Unit>& units) {
  while (!counting.next_pass().empty()) {
    for (const Unit& unit : units) counting.count(unit);
    counting.end_pass();
  }
}

Values merged_by_ties(const MergeSettings& merge, TiesOver over, const Unit& unit) {
  const auto counting = std::make_shared<TiesCounting>(merge, over);
  count(*counting, {unit});
  return applied(*ties_op(counting), unit);
}

// Numbers of the authors' formulas in numpy: tests/long/merge_golden.py.
struct Golden {
  Golden() {
    std::ifstream file(SWITCHYARD_SOURCE_DIR "/tests/golden/merge.json");
    const nlohmann::json json = nlohmann::json::parse(file);
    base = json["base"].get<Model>();
    models = json["models"].get<std::vector<Model>>();
    merge = {json["weights"], json["scale"], json["density"], false};
    expected = json;
  }
  void expect(const char* name, std::size_t tensor, const Values& values) const {
    const Values right = expected[name].get<Model>()[tensor];
    ASSERT_EQ(values.size(), right.size());
    for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(values[i], right[i], 1e-6) << name;
  }

  Model base;
  std::vector<Model> models;
  MergeSettings merge;
  nlohmann::json expected;
};

TEST(Merge, AverageAndTaskArithmeticAreThoseOfNumpy) {
  const Golden golden;
  for (std::size_t tensor = 0; tensor < 2; ++tensor) {
    const Unit unit = unit_of(golden.models, golden.base, tensor);
    golden.expect("average", tensor, applied(*average_op(golden.merge.weights), unit));
    golden.expect("task_arithmetic", tensor, applied(*task_arithmetic_op(golden.merge), unit));
  }
}

TEST(Merge, TiesOverTheModelIsThatOfItsAuthors) {
  const Golden golden;
  const MergeSettings merge{{1, 1, 1}, golden.merge.scale, golden.merge.density, true};
  const auto counting = std::make_shared<TiesCounting>(merge, TiesOver::model);
  const std::vector<Unit> units = {unit_of(golden.models, golden.base, 0),
                                   unit_of(golden.models, golden.base, 1)};
  count(*counting, units);
  for (std::size_t tensor = 0; tensor < 2; ++tensor)
    golden.expect("ties_over_model", tensor, applied(*ties_op(counting), units[tensor]));
}

TEST(Merge, TiesOverTensorsIsThatOfMergekit) {
  const Golden golden;
  MergeSettings merge = golden.merge;
  for (std::size_t tensor = 0; tensor < 2; ++tensor) {
    const Unit unit = unit_of(golden.models, golden.base, tensor);
    merge.normalize = true;
    golden.expect("ties_over_tensor", tensor, merged_by_ties(merge, TiesOver::tensor, unit));
    merge.normalize = false;
    golden.expect("ties_of_sums", tensor, merged_by_ties(merge, TiesOver::tensor, unit));
  }
}

// Three models and eight elements: of each model's differences 4, 3, 2 and 1 the larger two stay.
TEST(Merge, TiesOfAHandCase) {
  const Model base = {{10, 10, 10, 10, 10, 10, 10, 10}};
  const std::vector<Model> models = {{{14, 13, 12, 11, 10, 10, 10, 10}},
                                     {{6, 10, 10, 10, 13, 12, 11, 10}},
                                     {{11, 14, 10, 10, 12, 10, 10, 7}}};
  const MergeSettings merge{{1, 1, 1}, 1.0, 0.25, true};  // 2 of 8
  const Values values = merged_by_ties(merge, TiesOver::tensor, unit_of(models, base, 0));
  // Of element 0 stay 4 and -4, which cancel, and plus wins; of element 1 both 3 and 4.
  EXPECT_THAT(values, testing::ElementsAre(14, 13.5, 10, 10, 13, 10, 10, 7));
}

TEST(Merge, MoreMinusSignsWinWhereDifferencesCancel) {
  const Model base = {{0, 0, 0, 0}};
  const std::vector<Model> models = {{{2, -1, -1, -1}}, {{-2, 0, 0, 0}}};
  const MergeSettings merge{{1, 1}, 1.0, 1.0, true};
  const Unit unit = unit_of(models, base, 0);
  EXPECT_THAT(merged_by_ties(merge, TiesOver::model, unit), testing::ElementsAre(-2, -1, -1, -1));
  EXPECT_THAT(merged_by_ties(merge, TiesOver::tensor, unit), testing::ElementsAre(2, -1, -1, -1));
}

// Values of very different magnitudes, so that a rounding would show.
Model odd_values(std::uint32_t seed) {
  std::mt19937 random(seed);
  Values values(4096);
  for (float& value : values) {
    const auto exponent = static_cast<int>(random() % 60) - 40;
    value = std::ldexp(static_cast<float>(random()) / 4e9F - 0.5F, exponent);
  }
  return {values};
}

TEST(Merge, AModelWithItselfIsItself) {
  const Model x = odd_values(1), base = odd_values(2);
  for (const std::vector<double>& weights :
       {std::vector<double>{1, 1}, std::vector<double>{0.3, 0.7}, std::vector<double>{1, 1, 1}}) {
    const std::vector<Model> same(weights.size(), x);
    EXPECT_EQ(applied(*average_op(weights), unit_of(same, base, 0)), x[0]);
  }
  const std::vector<Model> alone = {x};
  const Unit unit = unit_of(alone, base, 0);
  const MergeSettings merge{{1}, 1.0, 1.0, false};
  EXPECT_EQ(applied(*task_arithmetic_op(merge), unit), x[0]);
  EXPECT_EQ(applied(*dare_op(merge, false, 7, "layer0.up"), unit), x[0]);
  EXPECT_EQ(applied(*dare_op(merge, true, 7, "layer0.up"), unit), x[0]);
  EXPECT_EQ(merged_by_ties(merge, TiesOver::model, unit), x[0]);
  EXPECT_EQ(merged_by_ties({{1}, 1.0, 1.0, true}, TiesOver::tensor, unit), x[0]);
}

TEST(Merge, AveragesAreQuotientsOfSumsWhateverTheNumbers) {
  using Limits = std::numeric_limits<float>;
  Values a = {0,
              -0.0F,
              Limits::infinity(),
              -Limits::infinity(),
              Limits::max(),
              Limits::min(),
              Limits::denorm_min(),
              -Limits::denorm_min(),
              1,
              -3};
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i)
    a.push_back(std::ldexp(std::normal_distribution<float>()(random), i % 200 - 120));
  Values b(a.rbegin(), a.rend());
  const std::vector<double> weights = {0.7, 2.9};
  Unit unit;
  unit.inputs = {a, b};
  unit.size = a.size();
  const Values found = applied(*average_op(weights), unit);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double sum = -0.0 + weights[0] * a[i] + weights[1] * b[i];
    const auto expected = static_cast<float>(sum / (weights[0] + weights[1]));
    EXPECT_EQ(std::memcmp(&found[i], &expected, sizeof expected), 0) << a[i] << " " << b[i];
  }
}

TEST(Merge, NegativeZeroStaysNegative) {
  const Model x = {{-0.0F}}, base = {{1}};
  const std::vector<Model> both = {x, x}, one = {x};
  EXPECT_TRUE(std::signbit(applied(*average_op({1, 1}), unit_of(both, base, 0))[0]));
  EXPECT_TRUE(
      std::signbit(applied(*task_arithmetic_op({{1}, 1.0, 1.0, false}), unit_of(one, base, 0))[0]));
}

TEST(Merge, DareThatDropsNothingIsTaskArithmeticBitForBit) {
  const std::vector<Model> models = {odd_values(1), odd_values(2)};
  const Model base = odd_values(3);
  const Unit unit = unit_of(models, base, 0);
  const MergeSettings merge{{0.7, -0.2}, 0.9, 1.0, false};
  EXPECT_EQ(applied(*dare_op(merge, false, 7, "a"), unit),
            applied(*task_arithmetic_op(merge), unit));
}

TEST(Merge, DareKeepsItsShareAndTheMean) {
  const std::vector<Model> models = {{Values(100'000, 2.0F)}};
  const Model base = {Values(100'000, 1.0F)};
  const MergeSettings merge{{1}, 1.0, 0.25, false};
  const Values values = applied(*dare_op(merge, false, 7, "a"), unit_of(models, base, 0));
  std::int64_t kept = 0;
  for (const float value : values) {
    EXPECT_TRUE(value == 1.0F || value == 5.0F);
    kept += value == 5.0F;
  }
  EXPECT_NEAR(static_cast<double>(kept), 25'000, 4 * std::sqrt(100'000 * 0.25 * 0.75));
}

TEST(Merge, DareDropsByPlaceAndNotByUnit) {
  const std::vector<Model> models = {odd_values(1)};
  const Model base = odd_values(3);
  const MergeSettings merge{{1}, 1.0, 0.5, false};
  const auto op = dare_op(merge, false, 7, "a");
  Unit unit = unit_of(models, base, 0);
  const Values whole = applied(*op, unit);
  for (auto& input : unit.inputs) input = input.subspan(1001);
  unit.begin = 1001;
  unit.size -= 1001;
  const Values rest = applied(*op, unit);
  EXPECT_TRUE(std::equal(rest.begin(), rest.end(), whole.begin() + 1001));
  EXPECT_NE(applied(*dare_op(merge, false, 8, "a"), unit), rest);
  EXPECT_NE(applied(*dare_op(merge, false, 7, "b"), unit), rest);
}

TEST(Merge, TiesOfNothingIsTheBase) {
  const std::vector<Model> models = {odd_values(1), odd_values(2)};
  const Model base = odd_values(3);
  EXPECT_EQ(merged_by_ties({{1, 1}, 1.0, 0.0, true}, TiesOver::tensor, unit_of(models, base, 0)),
            base[0]);
}

}  // namespace merge_ops_test
}  // namespace switchyard
