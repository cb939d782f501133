#include "io/prepare/words/text_units.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::prepare {
namespace text_units_test {

std::vector<std::string> units_of(Unit unit, const std::string& text,
                                  const std::vector<Cut>& cuts = {}) {
  std::vector<std::string> found;
  for (const TextUnit& one : find_units(unit, ComparedText(text), cuts)) {
    found.push_back(text.substr(one.bytes.begin, one.bytes.end - one.bytes.begin));
  }
  return found;
}

ContentHash key_of(Unit unit, const std::string& text) {
  return find_units(unit, ComparedText(text)).at(0).key;
}

using Texts = std::vector<std::string>;

TEST(TextUnits, LineReachesToItsLineFeed) {
  EXPECT_EQ(units_of(Unit::line, "a b c d e\nf g h i j\r\nk l m n o"),
            (Texts{"a b c d e\n", "f g h i j\r\n", "k l m n o"}));
}

TEST(TextUnits, FourWordsAreNoLine) {
  EXPECT_EQ(units_of(Unit::line, "a b c d\na, b - c; d!\n\n"), Texts{});
}

TEST(TextUnits, ParagraphReachesToALineOfWhiteSpace) {
  EXPECT_EQ(units_of(Unit::paragraph, "\na b c\nd e\n \t\r\nf g h\ni j\n\n\nk l m\nn o"),
            (Texts{"a b c\nd e\n", "f g h\ni j\n", "k l m\nn o"}));
}

TEST(TextUnits, LineOfPunctuationIsNotBlank) {
  EXPECT_EQ(units_of(Unit::paragraph, "a b c\n---\nd e\n"), Texts{"a b c\n---\nd e\n"});
}

TEST(TextUnits, FormFeedEndsBoth) {
  const std::string text = "\fa b c d e\ff g h i j\n\f\nk l m n o\n";
  const Texts expected = {"a b c d e", "f g h i j\n", "k l m n o\n"};
  EXPECT_EQ(units_of(Unit::line, text), expected);
  EXPECT_EQ(units_of(Unit::paragraph, text), expected);
}

TEST(TextUnits, CutEndsBoth) {
  const std::string text = "a b c d e CUT f g h i j\nk l";
  EXPECT_EQ(units_of(Unit::line, text, {{10, 13}}), (Texts{"a b c d e ", " f g h i j\n"}));
  EXPECT_EQ(units_of(Unit::paragraph, text, {{10, 13}}), (Texts{"a b c d e ", " f g h i j\nk l"}));
  EXPECT_EQ(units_of(Unit::line, text, {{0, 10}, {10, 26}}), Texts{});
}

TEST(TextUnits, KeyIsOfTheWords) {
  for (const Unit unit : {Unit::line, Unit::paragraph}) {
    EXPECT_EQ(key_of(unit, "One two, three four five"),
              key_of(unit, "  one TWO three\tfour five.\n"));
    EXPECT_NE(key_of(unit, "one two three four five"), key_of(unit, "two one three four five"));
  }
  EXPECT_EQ(key_of(Unit::paragraph, "a b c d e"), key_of(Unit::paragraph, "a b\nc d\ne"));
}

TEST(TextUnits, KeysOfLinesAndParagraphsDoNotMeet) {
  const ContentHash line = key_of(Unit::line, "a b c d e");
  const ContentHash paragraph = key_of(Unit::paragraph, "a b c d e");
  EXPECT_NE(line.high, paragraph.high);
  EXPECT_NE(line.low, paragraph.low);
}

TEST(TextUnits, EmptyTextHasNone) {
  for (const char* text : {"", "\n", "\f", "\n\n\f\f\n"}) {
    EXPECT_EQ(units_of(Unit::line, text), Texts{});
    EXPECT_EQ(units_of(Unit::paragraph, text), Texts{});
  }
}

}  // namespace text_units_test
}  // namespace switchyard::prepare
