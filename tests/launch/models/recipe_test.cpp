#include "launch/models/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard::models {
namespace recipe_test {

const std::string ties = R"(method = "ties"
base = "runs/base"
density = 0.2
[[input]]
path = "runs/code@600"
[[input]]
path = "runs/prose"
weight = 0.5
[[override]]
match = "*.router"
method = "average"
weights = [3, 1]
[[override]]
match = "layer0.*"
density = 0.5
)";

std::string refused(const std::string& text) {
  const Thrown thrown = thrown_by([&] { parse_recipe(text, "merge.toml"); });
  EXPECT_EQ(thrown.code, Exit::usage);
  return thrown.message;
}

TEST(Recipe, SaysHowEachTensorIsMerged) {
  const Recipe recipe = parse_recipe(ties, "merge.toml");
  EXPECT_THAT(recipe.sources(), testing::ElementsAre("runs/code@600", "runs/prose", "runs/base"));
  EXPECT_EQ(recipe.over, TiesOver::model);
  const Rule rule = recipe.rule_of("layer1.expert0.up");
  EXPECT_EQ(rule.method, Method::ties);
  EXPECT_THAT(rule.merge.weights, testing::ElementsAre(1.0, 0.5));
  EXPECT_EQ(rule.merge.density, 0.2);
  EXPECT_TRUE(rule.merge.normalize);
  EXPECT_EQ(recipe.rule_of("layer1.router").method, Method::average);
  EXPECT_THAT(recipe.rule_of("layer1.router").merge.weights, testing::ElementsAre(3.0, 1.0));
  EXPECT_EQ(recipe.rule_of("layer0.expert0.up").merge.density, 0.5);
}

TEST(Recipe, SaysWhichExpertsStay) {
  const std::string input = "[[input]]\npath = \"a\"\n";
  const Recipe recipe = parse_recipe(
      "method = \"experts\"\nkeep = 4\nby = \"man\"\nmerge = true\ncalibrate = \"d\"\n" + input,
      "recipe");
  EXPECT_EQ(recipe.keep, 4);
  EXPECT_EQ(recipe.keep_by, KeepBy::man);
  EXPECT_TRUE(recipe.merges_others);
  EXPECT_EQ(recipe.calibration.dataset, "d");
  EXPECT_THAT(refused("method = \"experts\"\nkeep = 4\n" + input), testing::HasSubstr("calibrate"));
  EXPECT_THAT(
      refused("method = \"experts\"\nkeep = 4\nby = \"random\"\ncalibrate = \"d\"\n" + input),
      testing::HasSubstr("unknown key calibrate"));
}

TEST(Recipe, NamesWhatIsWrongAndWhere) {
  EXPECT_EQ(refused("method = \"tries\"\n"),
            "merge.toml:1: method = 'tries' must be one of average, task_arithmetic, ties, dare, "
            "dare_ties, grow, mix, low_rank, fold, quantize, prune, experts");
  EXPECT_EQ(refused("method = \"average\"\n"),
            "merge.toml: a recipe needs an [[input]] with a path");
  EXPECT_EQ(refused("method = \"average\"\n[[input]]\npath = \"a\"\nwieght = 1\n"),
            "merge.toml:4: unknown key wieght; did you mean weight?");
  EXPECT_THAT(refused("method = \"ties\"\ndensity = 0.2\n[[input]]\npath = \"a\"\n"),
              testing::HasSubstr("set base"));
  EXPECT_THAT(refused("method = \"ties\"\nbase = \"b\"\n[[input]]\npath = \"a\"\n"),
              testing::HasSubstr("needs density"));
  EXPECT_THAT(refused("method = \"average\"\n[[input]]\npath = \"a\"\nweight = 0\n"),
              testing::HasSubstr("add up to 0"));
  EXPECT_THAT(refused(ties + "weights = [1]\n"), testing::HasSubstr("1 weights for 2 inputs"));
  EXPECT_THAT(refused("method = \"average\"\ndensity = 2\n[[input]]\npath = \"a\"\n"),
              testing::HasSubstr("density = 2 must be a number from 0 to 1"));
  EXPECT_THAT(refused("method = \"ties\"\nbase = \"b\"\ndensity = 0.5\nmatch_experts = true\n"
                      "[[input]]\npath = \"a\"\n"),
              testing::HasSubstr("merge.toml: match_experts = true is for models that no base"));
  EXPECT_THAT(refused("method = average"), testing::StartsWith("merge.toml:1: "));
}

}  // namespace recipe_test
}  // namespace switchyard::models
