#include "io/prepare/input/json_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace switchyard::prepare {
namespace json_values_test {

// Gives out some text a few bytes at a time.
class Pieces : public ByteSource {
 public:
  Pieces(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  std::size_t read(std::span<char> out) override {
    const std::size_t size = std::min({piece_, out.size(), text_.size()});
    std::copy_n(text_.begin(), size, out.begin());
    text_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view text_;
  std::size_t piece_;
};

using Texts = std::vector<std::string>;

std::vector<Line> read(std::string_view text, std::size_t piece = 3, std::int64_t largest = 100) {
  Pieces source(text, piece);
  JsonValueReader reader(source, largest);
  std::vector<Line> values;
  for (Line value; reader.next(value);) values.push_back(value);
  return values;
}

Texts texts(std::string_view text) {
  Texts result;
  for (const Line& value : read(text)) result.push_back(value.text);
  return result;
}

TEST(JsonValues, ElementsOfAnArrayAreValues) {
  for (const char* text : {R"([{"a":1},{"b":"]"}])", "\n[\n {\"a\":1}\n,\n{\"b\":\"]\"}\n]\n",
                           "\xEF\xBB\xBF[{\"a\":1},{\"b\":\"]\"}]"}) {
    EXPECT_EQ(texts(text), (Texts{R"({"a":1})", R"({"b":"]"})"})) << text;
  }
}

TEST(JsonValues, ValuesFollowEachOtherInAnyWay) {
  EXPECT_EQ(texts("{\"a\":\n1}{\"b\":{}} [3, [4], \"x,\"][5]\n6"),
            (Texts{"{\"a\":\n1}", "{\"b\":{}}", "3", "[4]", "\"x,\"", "5", "6"}));
}

TEST(JsonValues, BracketsAndQuotesInStringsAreText) {
  EXPECT_EQ(texts(R"([{"a":"}\"]"},{"b":"\\"}])"), (Texts{R"({"a":"}\"]"})", R"({"b":"\\"})"}));
}

TEST(JsonValues, NothingIsNoValue) {
  for (const char* text : {"", " \n", "[]", "[ ]\n[]"}) EXPECT_EQ(texts(text), Texts()) << text;
}

TEST(JsonValues, WhatIsCutOffIsAPieceOfAValue) {
  EXPECT_EQ(texts(R"([{"a":1},{"b")"), (Texts{R"({"a":1})", R"({"b")"}));
  EXPECT_EQ(texts(R"([{"a":1},)"), (Texts{R"({"a":1})", "["}));
  EXPECT_EQ(texts("{\"a\":[1,"), (Texts{"{\"a\":[1,"}));
}

TEST(JsonValues, StrayBracketsAreValuesAndEndNothing) {
  EXPECT_EQ(texts("} {\"a\":1} ] {\"b\":2}"), (Texts{"}", "{\"a\":1}", "]", "{\"b\":2}"}));
}

TEST(JsonValues, PlaceIsWhereAValueBegins) {
  const std::vector<Line> values = read("[\n  1,\n\n  {\n}]");
  ASSERT_EQ(values.size(), 2);
  EXPECT_EQ(values[0].position, 4);
  EXPECT_EQ(values[0].number, 2);
  EXPECT_EQ(values[1].position, 10);
  EXPECT_EQ(values[1].number, 4);
}

TEST(JsonValues, TooLargeValueIsPassedOver) {
  const std::vector<Line> values = read("[\"" + std::string(200, 'x') + "\", 2]");
  ASSERT_EQ(values.size(), 2);
  EXPECT_TRUE(values[0].too_large);
  EXPECT_LE(values[0].text.size(), 100);
  EXPECT_FALSE(values[1].too_large);
  EXPECT_EQ(values[1].text, "2");
}

TEST(JsonValues, HeadSaysHowAFileIsRead) {
  for (const char* head : {"[", "\xEF\xBB\xBF \n[{", "{\n", "{ \r\n  \"text\""}) {
    EXPECT_TRUE(is_read_by_values(head, Content::lines)) << head;
    EXPECT_TRUE(is_read_by_values(head, Content::json)) << head;
  }
  for (const char* head : {"", "text", "{", R"({"text":"a"})", "{\"text\":\"a\"}\n{\n"}) {
    EXPECT_FALSE(is_read_by_values(head, Content::lines)) << head;
    EXPECT_FALSE(is_read_by_values(head, Content::json)) << head;
  }
  const char* const two_lines = "{\"text\": \"a\",\n";
  EXPECT_FALSE(is_read_by_values(two_lines, Content::lines));
  EXPECT_TRUE(is_read_by_values(two_lines, Content::json));
  EXPECT_FALSE(is_read_by_values("{\"text\": \"cut off\n", Content::json));
}

}  // namespace json_values_test
}  // namespace switchyard::prepare
