#include "io/text/regex.h"

#include <gmock/gmock.h>

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

TEST(Regex, ALongRunIsOneMatch) {
  const std::string spaces(3000000, ' ');
  EXPECT_EQ(first_match(R"(\s*[\r\n]+|\s+(?!\S)|\s+)", spaces).size(), spaces.size());
  EXPECT_EQ(first_match(R"( ?\p{L}+)", std::string(3000000, 'a')).size(), std::size_t{3000000});
}

}  // namespace regex_test
}  // namespace switchyard
