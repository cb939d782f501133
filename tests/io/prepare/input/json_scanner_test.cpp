#include "io/prepare/input/json_scanner.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace switchyard::prepare {
namespace json_scanner_test {

bool is_json(std::string_view text) {
  JsonScanner scanner(text);
  std::string_view raw;
  return scanner.value(raw) && scanner.at_end();
}

TEST(JsonScanner, TakesWhatTheStandardAllows) {
  for (const char* text :
       {"null", "true", "false", " 0 ", "-0", "-0.5e+7", "1E400", "12345678901234567890123", "\"\"",
        R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00")", "[]", "[ ]", "{}", "{ }", "[1,[2],{\"a\":[]}]",
        "\t{\"a\" : 1 ,\r\n\"a\":{\"b\":null}}\n", "\"\x7F\xC3\xA9\""}) {
    EXPECT_TRUE(is_json(text)) << text;
    EXPECT_TRUE(is_json(std::string(text))) << text;
  }
}

TEST(JsonScanner, RefusesWhatItDoesNot) {
  for (const char* text :
       {"",           " ",         "nul",         "nulll",     "True",
        "NaNx",       "Infinit",   "+1",          "01",        "1.",
        ".5",         "1e",        "1e+",         "-",         "--1",
        "0x1",        "'a'",       "\"",          "\"a",       "\"\\\"",
        "\"\\x\"",    "\"\\u12\"", "\"\\u12g4\"", "\"\n\"",    "\"\x1F\"",
        "[",          "]",         "[1",          "[1,]",      "[,1]",
        "[1 2]",      "[1}",       "{",           "{\"a\"}",   "{\"a\":}",
        "{\"a\":1,}", "{a:1}",     "{1:1}",       "{\"a\":1]", "{\"a\" 1}",
        "{,}",        "[]]",       "1 2",         "// c\n1",   "\xEF\xBB\xBF{}"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
}

TEST(JsonScanner, TakesWhatPythonAndJavaScriptWriteBeyondTheStandard) {
  for (const char* text :
       {"NaN", "Infinity", "-Infinity", "[NaN, -Infinity]", "{\"a\":Infinity}"}) {
    EXPECT_TRUE(is_json(text)) << text;
    EXPECT_FALSE(is_json_number(text)) << text;
  }
  for (const char* text : {"-NaN", "+Infinity", "nan", "-Infinit", "inf", "Infinity1"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
}

TEST(JsonScanner, SurrogatesWithoutAPartnerAreReplaced) {
  const std::string one = "\xEF\xBF\xBD";
  const std::pair<const char*, std::string> cases[] = {
      {R"("\ud83d")", one},
      {R"("\ude00")", one},
      {R"("\ud83dx")", one + "x"},
      {R"("\ud83d\n")", one + "\n"},
      {R"("\ud83d\ud83d")", one + one},
      {R"("\ude00\ud83d")", one + one},
      {R"("\ud83d\u0041")", one + "A"},
      {R"("\ud83d\ud83d\ude00")", one + "\xF0\x9F\x98\x80"}};
  for (const auto& [text, expected] : cases) {
    bool had_lone_surrogates = false;
    EXPECT_TRUE(is_json(text)) << text;
    EXPECT_EQ(json_unescape(text, &had_lone_surrogates), expected) << text;
    EXPECT_TRUE(had_lone_surrogates) << text;
  }
}

TEST(JsonScanner, NeitherReadsNorWritesBeyondTheText) {
  const std::string text = R"({"key":["a\u00e9\ud83d\ude00\n",-1.5e+3,true,null]})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(is_json({exact.data(), exact.size()})) << size;
  }
}

TEST(JsonScanner, DepthIsNoDanger) {
  const std::string open(2000000, '['), close(2000000, ']');
  EXPECT_FALSE(is_json(open));
  EXPECT_TRUE(is_json(open + close));
}

TEST(JsonScanner, ValueSaysWhereItStands) {
  JsonScanner scanner(R"( {"key" : [1, {"x":2}] , "b":3})");
  std::string_view raw;
  ASSERT_TRUE(scanner.accept('{') && scanner.key(raw));
  EXPECT_EQ(raw, R"("key")");
  ASSERT_TRUE(scanner.value(raw));
  EXPECT_EQ(raw, R"([1, {"x":2}])");
}

// Every special character at every offset from a multiple of eight bytes.
TEST(JsonScanner, StringsEndWhereTheyShould) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (const char* filler : {"x", " ", "!", "#", "[", "]", "\x7F"}) {
      std::string text = "\"";
      for (std::size_t i = 0; i < length; ++i) text += filler;
      EXPECT_TRUE(is_json(text + "\"")) << text;
      EXPECT_TRUE(is_json(text + "\\\"\"")) << text;
      EXPECT_FALSE(is_json(text + "\"\"")) << text;
      EXPECT_FALSE(is_json(text + "\x1F" + "\"")) << text;
    }
  }
}

TEST(JsonScanner, UnescapesAsNlohmannDoes) {
  std::mt19937 random(5);
  const std::vector<std::string> pieces = {"a",       "\\n",      "\\\"",         "\\\\",
                                           "\\/",     "\\u0041",  "\\u00e9",      "\\uD83D\\uDE00",
                                           "\\u20ac", "\xC3\xA9", "\\b\\f\\r\\t", "\\u0000"};
  for (int round = 0; round < 1000; ++round) {
    std::string text = "\"";
    for (std::size_t i = random() % 12; i > 0; --i) text += pieces[random() % pieces.size()];
    text += '"';
    ASSERT_TRUE(is_json(text)) << text;
    EXPECT_EQ(json_unescape(text), nlohmann::json::parse(text).get<std::string>()) << text;
  }
}

// Random changes to a text that has everything: both parsers say the same. They insert no digits:
// nlohmann's refuses numbers that no double can hold. Nor can a surrogate lose its partner.
TEST(JsonScanner, AgreesWithNlohmann) {
  std::mt19937 random(6);
  const std::string text =
      R"({"a":[1,-2.5e+10,0.1,true,false,null,{},[]],"b\n":{"c":"\u00e9\u20ac\\"}, "d" : ""})";
  const std::string alphabet = "{}[]\",:\\ueE+-.dtrunlfa \n";
  for (int round = 0; round < 20000; ++round) {
    std::string changed = text;
    for (std::size_t i = random() % 4; i > 0; --i) {
      const std::size_t at = random() % changed.size();
      if (random() % 2 == 0) changed.erase(at, 1 + random() % 3);
      if (random() % 2 == 0)
        changed.insert(at % changed.size(), 1, alphabet[random() % alphabet.size()]);
    }
    EXPECT_EQ(is_json(changed), nlohmann::json::accept(changed)) << changed;
  }
}

}  // namespace json_scanner_test
}  // namespace switchyard::prepare
