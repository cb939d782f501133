#include <gtest/gtest.h>

#include "tests/io/prepare/filters/filter_text.h"

namespace switchyard::prepare {
namespace filter_gopher_quality_test {

const std::string stop = "the and ";

std::string reason(const std::string& text) { return reason_of("gopher-quality", text); }

TEST(GopherQuality, FiftyWordsAreEnough) {
  EXPECT_EQ(reason(stop + times(48, "word ")), "");
  EXPECT_EQ(reason(stop + times(47, "word ")), "words 49 < 50");
}

TEST(GopherQuality, SymbolsAreNotAmongTheFiftyWords) {
  EXPECT_EQ(reason(stop + times(47, "word ") + ", ;"), "words 49 < 50");
}

TEST(GopherQuality, HundredThousandWordsAreNotTooMany) {
  EXPECT_EQ(reason(stop + times(99998, "word ")), "");
  EXPECT_EQ(reason(stop + times(99999, "word ")), "words 1e+05 > 100000");
}

TEST(GopherQuality, MeanWordLengthIsAtLeastThree) {
  EXPECT_EQ(reason(stop + times(98, "cat ")), "");
  EXPECT_EQ(reason(stop + times(97, "cat ") + "me"), "mean word length 2.99 < 3");
}

TEST(GopherQuality, MeanWordLengthIsAtMostTen) {
  const std::string ten = "abcdefghij ", eleven = "abcdefghijk ";
  EXPECT_EQ(reason(stop + times(84, ten) + times(14, eleven)), "");
  EXPECT_EQ(reason(stop + times(83, ten) + times(15, eleven)), "mean word length 10.01 > 10");
}

TEST(GopherQuality, LengthIsCountedInCharacters) {
  EXPECT_EQ(reason(stop + times(98, "ééééééé ")), "");
}

TEST(GopherQuality, OneHashForTenWordsIsAllowed) {
  EXPECT_EQ(reason(stop + times(88, "word ") + times(10, "# ")), "");
  EXPECT_EQ(reason(stop + times(88, "word ") + times(11, "# ")), "'#' per word 0.1089 > 0.1");
}

TEST(GopherQuality, OneEllipsisForTenWordsIsAllowed) {
  for (const std::string ellipsis : {"... ", "… "}) {
    EXPECT_EQ(reason(stop + times(10, ellipsis) + times(88, "word ")), "");
    EXPECT_EQ(reason(stop + times(11, ellipsis) + times(88, "word ")),
              "ellipses per word 0.1089 > 0.1");
  }
}

TEST(GopherQuality, NineOfTenLinesMayHaveABullet) {
  const std::string line = "the and word word word word word\n";
  for (const std::string bullet : {"- ", "  • "}) {
    EXPECT_EQ(reason(times(9, bullet + line) + line), "");
    EXPECT_EQ(reason(times(10, bullet + line) + line), "share of lines with a bullet 0.9091 > 0.9");
  }
}

TEST(GopherQuality, ThreeOfTenLinesMayEndInAnEllipsis) {
  const std::string line = "the and word word word word word word word word word word word";
  for (const std::string ellipsis : {"...\n", "… \n"}) {
    EXPECT_EQ(reason(times(3, line + ellipsis) + times(7, line + "\n")), "");
    EXPECT_EQ(reason(times(4, line + ellipsis) + times(6, line + "\n")),
              "share of lines ending in an ellipsis 0.4 > 0.3");
  }
}

TEST(GopherQuality, FourOfFiveWordsHaveALetter) {
  EXPECT_EQ(reason(stop + times(78, "word ") + times(20, "2024 ")), "");
  EXPECT_EQ(reason(stop + times(77, "word ") + times(21, "2024 ")),
            "share of words with a letter 0.79 < 0.8");
}

TEST(GopherQuality, TwoDifferentStopWordsAreEnough) {
  for (const std::string word : {"be ", "to ", "of ", "and ", "that ", "have ", "with "}) {
    EXPECT_EQ(reason("the " + word + times(58, "word ")), "");
  }
  EXPECT_EQ(reason("the the The And " + times(58, "word ")), "different stop words 1 < 2");
}

}  // namespace filter_gopher_quality_test
}  // namespace switchyard::prepare
