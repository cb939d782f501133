#include <gtest/gtest.h>

#include "tests/io/prepare/filters/filter_text.h"

namespace switchyard::prepare {
namespace filter_gopher_repetition_test {

std::string reason(const std::string& text) { return reason_of("gopher-repetition", text); }

// Parts of many different words, then one short part so and so often, with `separator` between.
std::string parts(int num_long, int num_short, const std::string& separator) {
  std::string text;
  for (int i = 0; i < num_long; ++i) text += unique_words(10, 10 * i) + separator;
  text += "x";
  for (int i = 1; i < num_short; ++i) text += separator + "x";
  return text;
}

// A part of one word of `repeated` characters that comes twice, in a text of 1000 characters.
std::string long_parts(int repeated, const std::string& separator) {
  const std::string part = separator + times(repeated, "y") + separator;
  return padded_to(1000,
                   unique_words(20) + part + unique_words(20, 20) + part + unique_words(20, 40));
}

// A phrase so and so often, a different word behind each, in a text of so many characters.
std::string phrases(int count, const std::string& phrase, std::size_t characters) {
  std::string text;
  for (int i = 0; i < count; ++i) text += phrase + " " + unique_word(i) + " ";
  return padded_to(characters, text);
}

TEST(GopherRepetition, ThreeOfTenParagraphsMayRepeat) {
  EXPECT_EQ(reason(parts(6, 4, "\n\n")), "");
  EXPECT_EQ(reason(parts(5, 5, "\n\n")), "share of repeated paragraphs 0.4 > 0.3");
}

TEST(GopherRepetition, ThreeOfTenLinesMayRepeat) {
  EXPECT_EQ(reason(parts(6, 4, "\n")), "");
  EXPECT_EQ(reason(parts(5, 5, "\n")), "share of repeated lines 0.4 > 0.3");
}

TEST(GopherRepetition, AFifthOfTheCharactersMayBeInRepeatedParagraphs) {
  EXPECT_EQ(reason(long_parts(199, "\n\n")), "");
  EXPECT_EQ(reason(long_parts(200, "\n\n")), "");
  EXPECT_EQ(reason(long_parts(201, "\n\n")),
            "share of characters in repeated paragraphs 0.201 > 0.2");
}

TEST(GopherRepetition, AFifthOfTheCharactersMayBeInRepeatedLines) {
  EXPECT_EQ(reason(long_parts(199, "\n")), "");
  EXPECT_EQ(reason(long_parts(200, "\n")), "");
  EXPECT_EQ(reason(long_parts(201, "\n")), "share of characters in repeated lines 0.201 > 0.2");
}

TEST(GopherRepetition, TopNgramsAreCountedWithTheirSpaces) {
  EXPECT_EQ(reason(phrases(40, "ab cd", 1000)), "");  // 40 times 5 characters
  EXPECT_EQ(reason(phrases(40, "ab cd", 999)),
            "share of characters in the top 2-gram 0.2002 > 0.2");
  EXPECT_EQ(reason(phrases(9, "ab cd ef", 400)), "");
  EXPECT_EQ(reason(phrases(9, "ab cd ef", 399)),
            "share of characters in the top 3-gram 0.1805 > 0.18");
  EXPECT_EQ(reason(phrases(16, "ab cd ef gh", 1100)), "");
  EXPECT_EQ(reason(phrases(16, "ab cd ef gh", 1099)),
            "share of characters in the top 4-gram 0.1601 > 0.16");
}

struct RepeatedNgrams {
  int n, count;
  std::size_t characters;  // of which (count - 1) * n words of ten letters are just allowed
};

class GopherRepeatedNgrams : public testing::TestWithParam<RepeatedNgrams> {};

TEST_P(GopherRepeatedNgrams, AreCountedFromTheSecondOnWithoutSpaces) {
  const auto [n, count, characters] = GetParam();
  std::string phrase;
  for (int i = 0; i < n; ++i)
    phrase += (i == 0 ? "" : " ") + times(10, std::string(1, 'a' + static_cast<char>(i)));
  EXPECT_EQ(reason(phrases(count, phrase, characters + 1)), "");
  EXPECT_EQ(reason(phrases(count, phrase, characters)), "");
  EXPECT_EQ(reason(phrases(count, phrase, characters - 1)).substr(0, 42),
            ("share of characters in repeated " + std::to_string(n) + "-grams 0.").substr(0, 42));
}

INSTANTIATE_TEST_SUITE_P(EachLength, GopherRepeatedNgrams,
                         testing::Values(RepeatedNgrams{5, 10, 3000}, RepeatedNgrams{6, 8, 3000},
                                         RepeatedNgrams{7, 14, 7000}, RepeatedNgrams{8, 4, 2000},
                                         RepeatedNgrams{9, 12, 9000}, RepeatedNgrams{10, 3, 2000}));

}  // namespace filter_gopher_repetition_test
}  // namespace switchyard::prepare
