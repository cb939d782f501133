#include <gtest/gtest.h>

#include "tests/io/prepare/filters/filter_text.h"

namespace switchyard::prepare {
namespace filter_fineweb_test {

std::string reason(const std::string& text) { return reason_of("fineweb", text); }

// Different lines of 40 characters, a full stop behind the first few.
std::string lines(int count, int num_stops) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += padded_to(39, unique_words(7, 7 * i)) + (i < num_stops ? "." : "z") + "\n";
  }
  return text;
}

std::string lines_of_length(int count, std::size_t characters, int first_word) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += padded_to(characters - 1, unique_words(5, first_word + 5 * i)) + ".\n";
  }
  return text;
}

TEST(FineWeb, TwelveOfAHundredLinesEndInPunctuation) {
  EXPECT_EQ(reason(lines(25, 3)), "");
  EXPECT_EQ(reason(lines(25, 2)), "share of lines ending in punctuation 0.08 < 0.12");
}

TEST(FineWeb, PunctuationOfOtherScriptsCounts) {
  EXPECT_EQ(reason(lines(8, 0) + unique_words(9, 900) + "終。"),
            "share of lines ending in punctuation 0.1111 < 0.12");
  EXPECT_EQ(reason(lines(7, 0) + unique_words(9, 900) + "終。"), "");
}

TEST(FineWeb, TwoThirdsOfTheLinesMayBeShort) {
  EXPECT_EQ(reason(lines_of_length(67, 30, 0) + lines_of_length(33, 31, 500)), "");
  EXPECT_EQ(reason(lines_of_length(68, 30, 0) + lines_of_length(32, 31, 500)),
            "share of lines of at most 30 characters 0.68 > 0.67");
}

TEST(FineWeb, BlankLinesAreNoShortLines) {
  EXPECT_EQ(reason(lines_of_length(2, 40, 0) + " \n\n \n" + lines_of_length(1, 40, 10)), "");
}

TEST(FineWeb, OnePercentOfTheCharactersMayBeInRepeatedLines) {
  const auto text = [](std::size_t repeated) {
    const std::string line = padded_to(repeated, unique_words(10)) + "\n";
    return line + line + padded_to(9999 - 2 * repeated, unique_words(1000, 100)) + ".";
  };
  EXPECT_EQ(reason(text(99)), "");
  EXPECT_EQ(reason(text(100)), "");
  EXPECT_EQ(reason(text(101)), "share of characters in repeated lines 0.0101 > 0.01");
}

TEST(FineWeb, ThreeLineFeedsForTenWordsAreAllowed) {
  EXPECT_EQ(reason(unique_words(9) + ".\n\n\n"), "");
  EXPECT_EQ(reason(unique_words(9) + ".\n\n\n\n"), "line feeds per word 0.4 > 0.3");
}

}  // namespace filter_fineweb_test
}  // namespace switchyard::prepare
