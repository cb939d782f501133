#include "io/prepare/input/recipe_shape.h"

#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace recipe_shape_test {

const std::string head = "[[source]]\nname = 'web'\n";

// "" where the shape is right.
std::string refusal(const std::string& text) {
  const Thrown thrown = thrown_by([&] { check_recipe_shape(text, "r.toml"); });
  EXPECT_TRUE(thrown.code == Exit::usage || thrown.code == Exit::done);
  return thrown.message;
}

bool is_right(const std::string& text) { return refusal(text).empty(); }

TEST(RecipeShape, TakesWhatARecipeNeeds) {
  EXPECT_TRUE(is_right(""));
  EXPECT_TRUE(is_right(head + "inputs = [ 'a', \"b\" , # c\n\n 'd',\n]\ngeneration = 1.5\n"));
  EXPECT_TRUE(is_right("\xEF\xBB\xBF# \xC3\xA9\n  [[source]] # x\r\nname=\"\xC3\xA9\""));
}

TEST(RecipeShape, WhatStandsInStringsAndCommentsIsFree) {
  const std::string any = std::string(200, '.') + "[x] {# \xC3\xA9";
  EXPECT_TRUE(is_right("# it's \" " + any + "\n[[source]] # \"\nname = 'a' # ' \nlicence = \"\\\"" +
                       any + "'\"\ninputs = ['" + any + "\\', # ] \"\n \"" + any + "\"]\n"));
}

TEST(RecipeShape, RefusesOtherHeaders) {
  for (const char* header : {"[*]", "[[*source]]", "[\n]", "[", "[[", "\v[*]", "[source", "[ ]",
                             "a = []\n[a]", "a = [[]]\n[a]", "a = ']'\n[a]", "[[source]] [a]"}) {
    EXPECT_FALSE(is_right(head + header)) << header;
  }
}

TEST(RecipeShape, RefusesMoreThanAsciiOutsideStrings) {
  for (const char* line : {"licence = \xEF\xBB\xB8", "\xC3\xA9 = 1", "'a' \xC3\xA9", "\xC2\xA0"}) {
    EXPECT_FALSE(is_right(head + line)) << line;
  }
}

TEST(RecipeShape, RefusesStringsThatAreNoValues) {
  for (const char* line : {"'licence' = 'a'", "licence = 0'a'", "licence = 'a' 'b'", "'a'",
                           "licence = \"\"\"a\"\"\"", "licence = '''a'''", "licence = {a = 'b'}"}) {
    EXPECT_FALSE(is_right(head + line)) << line;
  }
}

TEST(RecipeShape, RefusesDeepKeys) {
  std::string deep;
  for (int i = 0; i < 1000000; ++i) deep += "a.";
  EXPECT_FALSE(is_right(deep + "a = 1\n"));
  EXPECT_FALSE(is_right("[" + deep + "a]\n"));
}

TEST(RecipeShape, RefusalNamesTheLine) {
  EXPECT_TRUE(refusal(head + "licence = {}\n").starts_with("r.toml:3: "));
}

}  // namespace recipe_shape_test
}  // namespace switchyard::prepare
