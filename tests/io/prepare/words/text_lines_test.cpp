#include "io/prepare/words/text_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard::prepare {
namespace text_lines_test {

using Strings = std::vector<std::string>;

Strings words_of(std::string_view text) {
  Strings all;
  TextWords words(text);
  for (TextWord word; words.next(word);) all.emplace_back(word.text);
  return all;
}

TextWord only_word(std::string_view text) {
  TextWord word;
  EXPECT_TRUE(TextWords(text).next(word));
  EXPECT_EQ(word.text, text);
  return word;
}

Strings parts_of(std::string_view text, std::size_t num_breaks) {
  Strings all;
  for_each_part(text, num_breaks, [&](std::string_view part) { all.emplace_back(part); });
  return all;
}

Strings lines_of(std::string_view text) {
  Strings all;
  for_each_line(text, [&](std::string_view line) { all.emplace_back(line); });
  return all;
}

TEST(TextWords, WhiteSpaceAndPunctuationSeparate) {
  EXPECT_EQ(words_of("One, two\u00A0\t(three)"), (Strings{"One", ",", "two", "(", "three", ")"}));
}

TEST(TextWords, MarksBetweenLettersBelongToTheWord) {
  EXPECT_EQ(words_of("don't isn’t 3.14 a_b end."),
            (Strings{"don't", "isn’t", "3.14", "a_b", "end", "."}));
}

TEST(TextWords, HyphensSeparate) {
  EXPECT_EQ(words_of("well-known"), (Strings{"well", "-", "known"}));
}

TEST(TextWords, RunsOfOneSymbolAreOneWord) {
  EXPECT_EQ(words_of("...===««x__"), (Strings{"...", "===", "««", "x", "__"}));
}

TEST(TextWords, LettersOfEveryLengthAndScriptAreWords) {
  for (const std::string letter : {"a", "é", "ж", "字", "𐐀", "7"}) {
    std::string word;
    for (std::uint32_t i = 1; i < 40; ++i) {
      word += letter;
      EXPECT_EQ(only_word(word).characters, i);
      EXPECT_EQ(words_of(word + " " + word + "," + word), (Strings{word, word, ",", word}));
    }
  }
}

TEST(TextWords, SayWhetherTheyHoldALetter) {
  EXPECT_TRUE(only_word("2024b").has_letter);
  EXPECT_TRUE(only_word("12345678é").has_letter);
  EXPECT_FALSE(only_word("2024").has_letter);
  EXPECT_FALSE(only_word("2024").is_symbol);
  EXPECT_TRUE(only_word("--").is_symbol);
  EXPECT_TRUE(only_word(std::string_view("\0\0", 2)).is_symbol);
}

TEST(TextLines, PartsAreSplitAtEnoughLineFeeds) {
  EXPECT_EQ(parts_of("a\nb\n\nc\n\n\n\nd", 1), (Strings{"a", "b", "c", "d"}));
  EXPECT_EQ(parts_of("a\nb\n\nc\n\n\n\nd", 2), (Strings{"a\nb", "c", "d"}));
}

TEST(TextLines, SeparatorsAtTheEndsMakeEmptyParts) {
  EXPECT_EQ(parts_of("\na\n\n", 1), (Strings{"", "a", ""}));
  EXPECT_EQ(parts_of("", 2), (Strings{""}));
}

TEST(TextLines, LinesEndWithALineFeedOrBoth) {
  EXPECT_EQ(lines_of("a\r\n\nb\n"), (Strings{"a", "", "b"}));
  EXPECT_EQ(lines_of(""), Strings{});
}

TEST(TextLines, CharactersAreCodePoints) {
  EXPECT_EQ(count_characters("aé字𐐀"), 4);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "é";
  EXPECT_EQ(count_characters(text), 1000);
}

TEST(TextLines, TrimmedOfUnicodeWhiteSpace) {
  EXPECT_EQ(trimmed("\u3000\n a b\u00A0\u2003 "), "a b");
  EXPECT_EQ(trimmed("\u3000"), "");
}

TEST(TextLines, RunsEndAtWhiteSpace) {
  std::string_view text = " a,b\u3000c";
  EXPECT_EQ(take_run(text), "a,b");
  EXPECT_EQ(take_run(text), "c");
  EXPECT_EQ(take_run(text), "");
}

TEST(TextLines, TerminalPunctuationOfEveryScript) {
  for (const std::string end : {".", "?", "!", "。", "؟", "।", "𑁇", "\U0001DA88"}) {
    EXPECT_TRUE(ends_in_terminal_punctuation("x" + end)) << end;
  }
  for (const std::string end : {"", "x", ",", "\"", "…", "字", "😀", ". "}) {
    EXPECT_FALSE(ends_in_terminal_punctuation(end)) << end;
  }
}

TEST(TextLines, RepeatsCountFromTheSecondTimeOn) {
  Repeats repeats;
  for (const char* part : {"é", "b", "é", "é", ""}) repeats.add(part);
  EXPECT_EQ(repeats.num_parts(), 5);
  EXPECT_EQ(repeats.num_repeated(), 2);
  EXPECT_EQ(repeats.repeated_characters(), 2);
}

}  // namespace text_lines_test
}  // namespace switchyard::prepare
