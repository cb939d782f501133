#include "io/prepare/filters/filters.h"

#include <gtest/gtest.h>

#include "tests/io/prepare/filters/filter_text.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace filters_test {

const std::string german =
    "Der Vater des Hauses ging am Morgen durch den Garten und sah nach den Rosen, die seine Frau "
    "im Frühjahr gepflanzt hatte. Es war still. Nur ein Vogel sang in der alten Linde vor dem Tor. "
    "\n\nSpäter kamen die Kinder aus der Schule und brachten ihre Hefte mit. Sie setzten sich an "
    "den Tisch in der Küche. Dort wartete schon die Suppe auf sie, und niemand sprach ein Wort, "
    "bis alle satt waren.";

const std::string code =
    "// The sum of some values.\nint sum(const std::vector<int>& values) {\n  int total = 0;\n"
    "  for (std::size_t i = 0; i < values.size(); ++i) {\n    total += values[i];\n  }\n"
    "  return total;\n}\n\nint main() {\n  const std::vector<int> values = {1, 2, 3, 4};\n"
    "  std::printf(\"%d\\n\", sum(values));\n  return sum(values) == 10 ? 0 : 1;\n}\n";

TEST(Filters, EveryNameMakesAFilterOfThatName) {
  EXPECT_EQ(filter_names().size(), 5);
  for (const std::string& name : filter_names()) EXPECT_EQ(make_filter(name)->name(), name);
}

TEST(Filters, UnknownNameIsAnErrorThatListsTheNames) {
  const Thrown thrown = thrown_by([] { make_filter("gopher"); });
  EXPECT_EQ(thrown.code, Exit::usage);
  for (const std::string& name : filter_names()) {
    EXPECT_NE(thrown.message.find(name), std::string::npos) << name;
  }
}

// What the rules, made for English prose, do to German prose.
TEST(Filters, GermanFallsToEnglishStopWords) {
  EXPECT_EQ(reason_of("gopher-quality", german), "different stop words 0 < 2");
  EXPECT_EQ(reason_of("gopher-repetition", german), "");
  EXPECT_EQ(reason_of("c4", german), "");
  EXPECT_EQ(reason_of("fineweb", german), "");
}

// What they do to source code.
TEST(Filters, CodeFallsToMostFilters) {
  EXPECT_EQ(reason_of("gopher-quality", code), "share of words with a letter 0.3784 < 0.8");
  EXPECT_EQ(reason_of("gopher-repetition", code), "");
  EXPECT_EQ(reason_of("c4", code), "sentences 1 < 5");
  EXPECT_EQ(reason_of("c4-no-punctuation", code), "curly bracket in line 2");
  EXPECT_EQ(reason_of("fineweb", code), "share of lines ending in punctuation 0.07692 < 0.12");
}

TEST(Filters, TextsWithoutTwoWordsHaveVerdictsToo) {
  for (const std::string& text : {std::string(), std::string(3000, '\0'), std::string(" \t "),
                                  std::string("\r"), std::string("…"), std::string("😀"),
                                  std::string("["), std::string("'"), std::string("e\u0301")}) {
    EXPECT_EQ(reason_of("gopher-quality", text).substr(0, 5), "words");
    EXPECT_EQ(reason_of("gopher-repetition", text), "");
    EXPECT_EQ(reason_of("c4", text), "sentences 0 < 5");
    EXPECT_NE(reason_of("fineweb", text), "");
  }
}

TEST(Filters, TextStaysAsItIsWhereNothingIsCut) {
  for (const char* const name : {"gopher-quality", "gopher-repetition", "fineweb"}) {
    std::string text = german;
    EXPECT_FALSE(make_filter(name)->apply(text).changed);
    EXPECT_EQ(text, german);
  }
}

// Quadratic work would take hours.
TEST(Filters, LargeDocumentOfOneWordIsJudgedInTime) {
  for (const std::string& name : filter_names())
    EXPECT_NE(reason_of(name, times(1 << 20, "word ")), "");
  EXPECT_NE(reason_of("gopher-repetition", times(1 << 20, "[]")), "");
  EXPECT_NE(reason_of("c4", std::string(4 << 20, '[')), "");
}

}  // namespace filters_test
}  // namespace switchyard::prepare
