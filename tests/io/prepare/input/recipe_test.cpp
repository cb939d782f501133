#include "io/prepare/input/recipe.h"

#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace recipe_test {

Recipe parse(const std::string& text) { return parse_recipe(text, "/data", "r.toml"); }

std::string error_of(const std::string& text) {
  const Thrown thrown = thrown_by([&] { parse(text); });
  EXPECT_EQ(thrown.code, Exit::usage) << text;
  return thrown.message;
}

bool says(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

const std::string minimal = "[[source]]\nname = 'web'\ninputs = 'a'\n";

TEST(Recipe, ReadsEveryKey) {
  const Recipe recipe = parse(
      "[[source]]\nname = \"web-1.0\"\nlicence = \"CC-BY-4.0\"\ninputs = [\"a.jsonl\", \"/b/*\"]\n"
      "text_field = \"body\"\ngeneration = 0\n");
  ASSERT_EQ(recipe.sources.size(), 1);
  const Source& source = recipe.sources[0];
  EXPECT_EQ(source.name, "web-1.0");
  EXPECT_EQ(source.licence, "CC-BY-4.0");
  EXPECT_EQ(source.inputs, (std::vector<std::string>{"/data/a.jsonl", "/b/*"}));
  EXPECT_EQ(source.text_field, "body");
  EXPECT_EQ(source.generation, 0);
}

TEST(Recipe, MostKeysHaveDefaults) {
  const Source source = parse(minimal).sources.at(0);
  EXPECT_EQ(source.licence, "unknown");
  EXPECT_EQ(source.inputs, (std::vector<std::string>{"/data/a"}));
  EXPECT_EQ(source.text_field, "text");
  EXPECT_EQ(source.generation, 0);
}

TEST(Recipe, SourcesStandByGenerationThenAsWritten) {
  std::string text;
  for (const char* source :
       {"name='c'\ngeneration=1", "name='b'", "name='a'", "name='b'\ngeneration=1"}) {
    text += "[[source]]\ninputs='x'\n" + std::string(source) + "\n";
  }
  std::string order;
  for (const Source& source : parse(text).sources) {
    order += source.name + std::to_string(source.generation) + " ";
  }
  EXPECT_EQ(order, "b0 a0 c1 b1 ");
}

TEST(Recipe, StandardInputIsNoFileOfTheFolder) {
  const Recipe recipe = parse("[[source]]\nname = 'pipe'\ninputs = ['-', './-']\n");
  EXPECT_EQ(recipe.sources.at(0).inputs, (std::vector<std::string>{"-", "/data/./-"}));
}

TEST(Recipe, WeightsPointToTheTrainingConfig) {
  EXPECT_TRUE(says(error_of(minimal + "weight = 2.0\n"), "data.weights.NAME"));
  EXPECT_TRUE(says(error_of(minimal + "[weights]\nweb = 2.0\n"), "data.weights.NAME"));
}

TEST(Recipe, UnknownKeyNamesLineAndNearestKey) {
  const std::string message = error_of(minimal + "license = 'MIT'\n");
  EXPECT_TRUE(says(message, "r.toml:4")) << message;
  EXPECT_TRUE(says(message, "'license'")) << message;
  EXPECT_TRUE(says(message, "'licence'")) << message;
}

TEST(Recipe, UnknownTableIsAnError) {
  EXPECT_TRUE(says(error_of(minimal + "[[sources]]\n"), "[[source]]"));
  EXPECT_TRUE(says(error_of("[source]\nname='a'\ninputs='b'\n"), "[[source]]"));
  EXPECT_TRUE(says(error_of(""), "[[source]]"));
}

TEST(Recipe, NameAndInputsAreNeeded) {
  EXPECT_TRUE(says(error_of("[[source]]\ninputs = 'a'\n"), "name"));
  EXPECT_TRUE(says(error_of("[[source]]\nname = 'a'\n"), "inputs"));
  EXPECT_TRUE(says(error_of("[[source]]\nname = 'a'\ninputs = []\n"), "inputs"));
}

TEST(Recipe, NameHasFewCharacters) {
  for (const std::string name : {"", "a b", "a/b", "..", "-a", "\xC3\xA9", "a\\u0000"}) {
    error_of("[[source]]\nname = \"" + name + "\"\ninputs = 'a'\n");
  }
  error_of("[[source]]\nname = \"" + std::string(101, 'a') + "\"\ninputs = 'a'\n");
}

TEST(Recipe, ValuesOfAnotherTypeAreErrors) {
  for (const char* line : {"licence = 1", "text_field = ''", "generation = 1.5", "generation = '0'",
                           "generation = -1", "licence = ['a']"}) {
    EXPECT_TRUE(says(error_of(minimal + line + "\n"), "r.toml:4")) << line;
  }
  for (const char* inputs : {"1", "[1]", "['']", "\"a\\u0000\"", "[['a']]", "{a='b'}"}) {
    error_of("[[source]]\nname = 'a'\ninputs = " + std::string(inputs) + "\n");
  }
}

TEST(Recipe, SecondSourceOfANameIsAnErrorWithinAGeneration) {
  EXPECT_TRUE(says(error_of(minimal + minimal), "'web'"));
  EXPECT_EQ(parse(minimal + minimal + "generation = 1\n").sources.size(), 2);
}

TEST(Recipe, GenerationsHaveNoGap) {
  error_of(minimal + "generation = 1\n");
  EXPECT_TRUE(says(error_of(minimal + minimal + "generation = 2\n"), "none 1"));
}

TEST(Recipe, SyntaxErrorNamesTheLine) {
  EXPECT_TRUE(says(error_of(minimal + "licence = \n"), "r.toml:4"));
}

TEST(Recipe, DeepValuesAreAnErrorAndNoCrash) {
  error_of("a = " + std::string(1000000, '[') + "\n");
  std::string deep;
  for (int i = 0; i < 1000000; ++i) deep += "a.";
  error_of(deep + "a = 1\n");
}

// toml++ takes U+FEEF and U+00E9 for impossible there; seen under UBSan.
TEST(Recipe, CharactersBehindAnErrorAreAnError) {
  error_of("851K=5.='1\uFEEF'85==4");
  error_of("a=5.='\u00e9'");
}

TEST(Recipe, ShapeIsChecked) {
  EXPECT_TRUE(says(error_of(minimal + "licence = {}\n"), "r.toml:4: "));
}

TEST(Recipe, FileIsReadWithInputsBesideIt) {
  const Scratch scratch;
  put_contents(scratch / "r.toml", minimal);
  EXPECT_EQ(read_recipe(scratch / "r.toml").sources.at(0).inputs.at(0), (scratch / "a").string());
}

TEST(Recipe, MissingFileIsAnError) {
  const Thrown thrown = thrown_by([] { read_recipe("/no/such/recipe.toml"); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_TRUE(says(thrown.message, "/no/such/recipe.toml"));
}

}  // namespace recipe_test
}  // namespace switchyard::prepare
