#include "io/prepare/words/ngram_index.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/error.h"

namespace switchyard::prepare {
namespace ngram_index_test {

std::vector<Word> words_of(const std::string& text) {
  std::vector<Word> words;
  find_words(text, words);
  return words;
}

std::vector<NgramIndex::Match> matches(const NgramIndex& index, const std::string& text) {
  return index.find(text, words_of(text));
}

TEST(NgramIndex, FindsEveryLengthInTextOrder) {
  NgramIndex index(2);
  index.insert(words_of("c d"));
  index.insert(words_of("a b c"));
  const std::vector<NgramIndex::Match> expected = {{1, 4, 1}, {3, 5, 0}, {5, 7, 0}};
  EXPECT_EQ(matches(index, "x A b, c d c d"), expected);
}

TEST(NgramIndex, EqualNgramsHaveOneNumber) {
  NgramIndex index(2);
  EXPECT_EQ(index.insert(words_of("a b")), 0);
  EXPECT_EQ(index.insert(words_of("b a")), 1);
  EXPECT_EQ(index.insert(words_of("A, B")), 0);
  EXPECT_EQ(index.size(), 2);
}

TEST(NgramIndex, NothingIsFoundAcrossAFormFeed) {
  NgramIndex index(2);
  index.insert(words_of("a b"));
  EXPECT_TRUE(matches(index, "a \n\f\n b").empty());
  EXPECT_EQ(matches(index, "\fa b\f").size(), 1);
}

TEST(NgramIndex, NgramsAreLongEnough) {
  NgramIndex index(3);
  EXPECT_THROW(index.insert(words_of("a b")), Error);
}

TEST(NgramIndex, TextsShorterThanTheNgramsHoldNone) {
  NgramIndex index(3);
  index.insert(words_of("a b c"));
  EXPECT_TRUE(matches(index, "a b").empty());
  EXPECT_TRUE(matches(index, "").empty());
}

TEST(NgramIndex, FindsAllOfManyAndNothingElse) {
  NgramIndex index(5);
  std::string known, unknown;
  for (int i = 0; i < 50000; ++i) {
    known += "w" + std::to_string(i) + " ";
    unknown += "v" + std::to_string(i) + " ";
  }
  const std::vector<Word> words = words_of(known);
  for (std::size_t i = 0; i + 5 <= words.size(); ++i) index.insert(std::span(words).subspan(i, 5));
  EXPECT_EQ(matches(index, known).size(), words.size() - 4);
  EXPECT_TRUE(matches(index, unknown).empty());
}

}  // namespace ngram_index_test
}  // namespace switchyard::prepare
