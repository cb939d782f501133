#include "io/text/regex.h"

#include <gmock/gmock.h>

#include <random>

#include "tests/io/scratch.h"

namespace switchyard {
namespace regex_test {

using testing::HasSubstr;

std::string first_match(const std::string& pattern, const std::string& text, std::size_t from = 0) {
  Regex::Scratch scratch;
  const auto match = Regex(pattern).find(text, from, scratch);
  return match ? text.substr(match->begin, match->end - match->begin) : "no match";
}

TEST(Regex, FindsTheFirstMatchFromAPlaceOn) {
  EXPECT_EQ(first_match("b+", "abb cbbb"), "bb");
  EXPECT_EQ(first_match("b+", "abb cbbb", 3), "bbb");
  EXPECT_EQ(first_match("z", "abc"), "no match");
}

TEST(Regex, KnowsUnicode) {
  EXPECT_EQ(first_match(R"(\p{L}+)", "12 gr\u00FC\u00DFe!"), "gr\u00FC\u00DFe");
  EXPECT_EQ(first_match(R"(\p{N})", "a\u0663"), "\u0663");
  EXPECT_EQ(first_match(R"((?i:'ve))", "you'VE"), "'VE");
}

TEST(Regex, LooksAheadAndBehind) {
  EXPECT_EQ(first_match(R"(\s+(?!\S))", "a   b"), "  ");
  EXPECT_EQ(first_match(R"((?<=a)b)", "bab", 2), "b");
}

TEST(Regex, AWrongPatternIsAnError) {
  const auto thrown = thrown_by([] { Regex("(a"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_THAT(thrown.message, HasSubstr("(a does not compile: "));
  EXPECT_EQ(thrown_by([] { Regex(std::string(100000, 'a')); }).code, Exit::data);
}

TEST(Regex, APatternThatTakesForeverIsAnErrorSoon) {
  const auto thrown = thrown_by([] { first_match("(a+)+$", std::string(40, 'a') + "b"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_THAT(thrown.message, HasSubstr("retry-limit"));
}

// The patterns of GPT-2, Llama 3, Qwen 2, DeepSeek 3 and gpt-oss, and some that try the reader.
TEST(Regex, TheQuickEngineGivesTheAnswersOfTheLibrary) {
  const std::string letters = R"([^\r\n\p{L}\p{N}]?\p{L}+)",
                    rest = R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
                    clitics = "(?i:'s|'t|'re|'ve|'m|'ll|'d)", marks = R"(\p{Lm}\p{Lo}\p{M})";
  const std::string patterns[] = {
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
      clitics + "|" + letters + R"(|\p{N}{1,3})" + rest,
      clitics + "|" + letters + R"(|\p{N})" + rest,
      "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+",
      R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
      R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt})" + marks + R"(]*[\p{Ll})" + marks + "]+" + clitics +
          R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+(?!\S)|\s+)",
      R"(\p{N}{3}|a*ab?|\s++x|[b-d]?+c|(?i:'s)?z|\w{2,}\d)"};
  const std::string parts[] = {
      "a",  "b",  "c",      "z",      "x",          "Ab",         " ",         "  ",
      "1",  "22", "\n",     "\r\n",   "'s",         "'S",         "'\u017F",   "'LL",
      "'",  "!",  "/",      "\u00E9", "e\u0301",    "\u4F60",     "\u3042",    "\u0663",
      "\t", "_",  "\u2028", "\u00A0", "\U0001F600", "\U00020000", "\U000E0100"};
  std::mt19937 random(5);
  Regex::Scratch scratch;
  for (const std::string& pattern : patterns) {
    const Regex quick(pattern), library(pattern, Regex::Engine::library);
    EXPECT_TRUE(quick.is_quick()) << pattern;
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (auto length = random() % 24; length > 0; --length)
        text += parts[random() % std::size(parts)];
      for (std::size_t at = 0; at <= text.size();) {
        const auto found = quick.find(text, at, scratch),
                   expected = library.find(text, at, scratch);
        ASSERT_EQ(found.has_value(), expected.has_value()) << pattern << " in " << text;
        if (!found) break;
        ASSERT_EQ(found->begin, expected->begin) << pattern << " in " << text;
        ASSERT_EQ(found->end, expected->end) << pattern << " in " << text;
        at = found->end > found->begin ? found->end : text.size() + 1;
      }
    }
  }
}

TEST(Regex, OtherPatternsAreTheLibrarys) {
  for (const char* pattern :
       {"(a|b)+", "a+?", "^a", "a$", "a.b", "(?<=a)b", "(?i:ss)", "[[:alpha:]]", "[a-z&&[^b]]",
        "\\bword", "a{,3}", "a{1,2}+", "(?!a)b", "a|", "\\x41"})
    EXPECT_FALSE(Regex(pattern).is_quick()) << pattern;
}

TEST(Regex, ALongRunIsOneMatch) {
  const std::string spaces(3000000, ' ');
  EXPECT_EQ(first_match(R"(\s*[\r\n]+|\s+(?!\S)|\s+)", spaces).size(), spaces.size());
  EXPECT_EQ(first_match(R"( ?\p{L}+)", std::string(3000000, 'a')).size(), std::size_t{3000000});
}

}  // namespace regex_test
}  // namespace switchyard
