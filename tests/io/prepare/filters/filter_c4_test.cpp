#include <gtest/gtest.h>

#include "tests/io/prepare/filters/filter_text.h"

namespace switchyard::prepare {
namespace filter_c4_test {

const std::string five = "One is here. Two is here. Three is here. Four is here. Five is here.";

// What stays of the line behind five good sentences.
std::string kept(const std::string& line, const std::string& filter = "c4") {
  std::string text = five + "\n" + line;
  const FilterVerdict verdict = make_filter(filter)->apply(text);
  if (!verdict.reason.empty()) return "dropped: " + verdict.reason;
  EXPECT_EQ(verdict.changed, text != five + "\n" + line);
  return text == five ? "" : text.substr(five.size() + 1);
}

TEST(C4, LinesEndInTerminalPunctuation) {
  for (const std::string end : {".", "?", "!", "\"", "'"}) {
    EXPECT_EQ(kept("This line is fine" + end), "This line is fine" + end);
  }
  EXPECT_EQ(kept("This line just stops"), "");
  EXPECT_EQ(kept("This line trails off..."), "");
}

TEST(C4, PunctuationRuleCanBeLeftOut) {
  EXPECT_EQ(kept("This line just stops", "c4-no-punctuation"), "This line just stops");
}

TEST(C4, LinesHaveThreeWords) {
  EXPECT_EQ(kept("Three are enough."), "Three are enough.");
  EXPECT_EQ(kept("Two aren't."), "");
}

TEST(C4, WordsHaveAtMostAThousandCharacters) {
  const std::string word = times(999, "é");
  EXPECT_EQ(kept("a word " + word + "."), "a word " + word + ".");
  EXPECT_EQ(kept("a word " + word + "é."), "");
}

TEST(C4, JavascriptLinesGo) { EXPECT_EQ(kept("Please enable JavaScript now."), ""); }

TEST(C4, PolicyLinesGo) {
  for (const std::string phrase : {"Terms of Use", "privacy policy", "cookie policy",
                                   "uses cookies", "use of cookies", "use cookies"}) {
    EXPECT_EQ(kept("Read about the " + phrase + " here."), "");
  }
}

TEST(C4, CitationsAreCutOut) {
  EXPECT_EQ(kept("So it was[12] said[] once[edit] and[citation needed] again[x]."),
            "So it was said once and again[x].");
}

TEST(C4, PageWithLoremIpsumGoes) {
  EXPECT_EQ(kept("A Lorem Ipsum is here."), "dropped: \"lorem ipsum\" in line 2");
}

TEST(C4, PageWithACurlyBracketGoes) {
  EXPECT_EQ(kept("Here is a { bracket."), "dropped: curly bracket in line 2");
}

// As in the published code, whatever the paper's summary says.
TEST(C4, BracketInALineThatGoesAnywayDropsNothing) {
  EXPECT_EQ(kept("int main() {"), "");
  EXPECT_EQ(kept("Some javascript with a { bracket."), "");
}

TEST(C4, FiveSentencesAreEnough) {
  EXPECT_EQ(reason_of("c4", five), "");
  EXPECT_EQ(reason_of("c4", "One is here. Two is here. Three is here. Four is here."),
            "sentences 4 < 5");
}

TEST(C4, OnlySentencesOfLinesThatStayCount) {
  EXPECT_EQ(reason_of("c4", "One is here. Two is here. Three is here. Four is here.\nFive is here"),
            "sentences 4 < 5");
}

TEST(C4, FullStopBeforeALowerCaseLetterEndsNoSentence) {
  EXPECT_EQ(reason_of("c4", "One, e.g. two. Three, i.e. four. Five? Six!"), "sentences 4 < 5");
}

TEST(C4, LinesAreTrimmedAndEmptyOnesGo) {
  std::string text = "  " + five + " \r\n\n\n" + five + "\n";
  EXPECT_TRUE(make_filter("c4")->apply(text).changed);
  EXPECT_EQ(text, five + "\n" + five);
}

}  // namespace filter_c4_test
}  // namespace switchyard::prepare
