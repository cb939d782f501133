#include "io/prepare/input/json_line.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace json_line_test {

JsonLine fields_of(std::string_view line, std::string_view text_field = "text") {
  const auto result = read_json_line(line, text_field);
  EXPECT_TRUE(std::holds_alternative<JsonLine>(result)) << line;
  return std::get<JsonLine>(result);
}

Problem problem_of(std::string_view line) {
  const auto result = read_json_line(line, "text");
  EXPECT_TRUE(std::holds_alternative<Problem>(result)) << line;
  return std::get<Problem>(result);
}

TEST(JsonLine, TextIsUnescaped) {
  EXPECT_EQ(fields_of(R"({"text":"a\n\u00e9\ud83d\ude00"})").text, "a\n\xC3\xA9\xF0\x9F\x98\x80");
}

TEST(JsonLine, TextFieldCanBeNamed) {
  EXPECT_EQ(fields_of(R"({"text":1,"body":"yes"})", "body").text, "yes");
}

TEST(JsonLine, KeyMayBeEscaped) { EXPECT_EQ(fields_of(R"({"te\u0078t":"a"})").text, "a"); }

TEST(JsonLine, FieldsOfInnerObjectsAreNotMeant) {
  const JsonLine line =
      fields_of(R"({"a":{"text":"no","id":"no"},"text":"yes","b":[{"url":"no"}]})");
  EXPECT_EQ(line.text, "yes");
  EXPECT_EQ(line.id + line.url, "");
}

TEST(JsonLine, IdIsAStringOrAnInteger) {
  EXPECT_EQ(fields_of(R"({"text":"a","id":"x"})").id, "x");
  EXPECT_EQ(fields_of(R"({"text":"a","id":-7})").id, "-7");
  EXPECT_EQ(fields_of(R"({"text":"a","id":123456789012345678901234567890})").id,
            "123456789012345678901234567890");
  for (const char* other : {"1.5", "1e3", "null", "true", "[1]", "{}"}) {
    EXPECT_EQ(fields_of(R"({"text":"a","id":)" + std::string(other) + "}").id, "") << other;
  }
}

TEST(JsonLine, UrlIsAString) {
  EXPECT_EQ(fields_of(R"({"text":"a","url":"http:\/\/x"})").url, "http://x");
  EXPECT_EQ(fields_of(R"({"text":"a","url":7})").url, "");
}

TEST(JsonLine, MetaIsCompactAndSortedByKey) {
  EXPECT_EQ(fields_of(R"({"source":"s\u00e9", "license" :"l", "text":"a", "date": 2020.50,
                          "licence":"m"})")
                .meta,
            "{\"date\":2020.50,\"licence\":\"m\",\"license\":\"l\",\"source\":\"s\xC3\xA9\"}");
}

TEST(JsonLine, MetaHasOnlyStringsAndNumbers) {
  EXPECT_EQ(fields_of(R"({"text":"a","source":null,"licence":["x"],"date":{"y":1}})").meta, "");
}

TEST(JsonLine, MetaReadsBack) {
  const JsonLine line = fields_of(R"({"text":"a","source":"\"\\\u0000\u001f"})");
  EXPECT_EQ(nlohmann::json::parse(line.meta)["source"], std::string("\"\\\0\x1F", 4));
}

TEST(JsonLine, OtherJsonHasNoTextField) {
  for (const char* line : {"{}", "[1]", "\"text\"", "3", "null", R"({"other":"a"})",
                           R"({"text":null})", R"({"text":["a"]})"}) {
    EXPECT_EQ(problem_of(line), Problem::no_text_field) << line;
  }
}

TEST(JsonLine, BrokenBeforeOrBehindTheTextIsBroken) {
  for (const char* line :
       {"", "{", R"({"text":"a")", R"({"text":"a"}})", R"({"text":"a"} 1)", R"({"text":"a",})",
        R"({"x":[,"text":"a"})", R"({"text":"a","x":nul})", R"([1)", R"({"text":"\ud80"})"}) {
    EXPECT_EQ(problem_of(line), Problem::broken_json) << line;
  }
}

// As Python's json.loads and JavaScript's JSON.parse do.
TEST(JsonLine, TheLastOfTwoFieldsCounts) {
  EXPECT_EQ(fields_of(R"({"text":"a","text":"b"})").text, "b");
  EXPECT_EQ(fields_of(R"({"text":"a","id":1,"i\u0064":2})").id, "2");
  EXPECT_EQ(problem_of(R"({"text":"a","text":5})"), Problem::no_text_field);
}

TEST(JsonLine, NumbersThatNoDoubleHoldsAreLeftOutOfMeta) {
  const JsonLine line = fields_of(R"({"text":"a","date":1e999,"source":5})");
  EXPECT_EQ(line.text, "a");
  EXPECT_EQ(line.meta, R"({"source":5})");
}

TEST(JsonLine, NumbersThatAreNoneCostNothing) {
  for (const char* number : {"NaN", "Infinity", "-Infinity"}) {
    const JsonLine line = fields_of(std::string(R"({"text":"a","quality":)") + number +
                                    R"(,"id":)" + number + R"(,"date":)" + number + "}");
    EXPECT_EQ(line.text, "a");
    EXPECT_EQ(line.id + line.meta, "");
  }
}

TEST(JsonLine, LoneSurrogatesAreReplacedAndReported) {
  const JsonLine line = fields_of(R"({"text":"a\ud800z","source":"s"})");
  EXPECT_EQ(line.text, "a\xEF\xBF\xBDz");
  EXPECT_TRUE(line.had_lone_surrogates);
  EXPECT_FALSE(fields_of(R"({"text":"a","other":"\ud800"})").had_lone_surrogates);
}

TEST(JsonLine, APromptIsAnotherField) {
  const TextFields fields{"answer", "question"};
  const auto found = read_json_line(R"({"answer": "4", "question": "2+2?\n"})", fields);
  ASSERT_TRUE(std::holds_alternative<JsonLine>(found));
  EXPECT_EQ(std::get<JsonLine>(found).prompt, "2+2?\n");
  EXPECT_EQ(std::get<JsonLine>(found).text, "4");
  EXPECT_EQ(std::get<Problem>(read_json_line(R"({"answer": "4"})", fields)),
            Problem::no_prompt_field);
  EXPECT_EQ(std::get<Problem>(read_json_line(R"({"question": "4"})", fields)),
            Problem::no_text_field);
}

}  // namespace json_line_test
}  // namespace switchyard::prepare
