#include "io/prepare/words/word_ngrams.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace switchyard::prepare {
namespace word_ngrams_test {

using Words = std::vector<std::string>;

std::string joined(const Words& words, std::size_t begin, std::size_t count, const char* between) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : between) + words[begin + i];
  return text;
}

std::int64_t expected_top(const Words& words, std::size_t n) {
  std::map<std::string, std::int64_t> counts;
  std::int64_t best = 0, characters = 0;
  for (std::size_t i = 0; i + n <= words.size(); ++i)
    best = std::max(best, ++counts[joined(words, i, n, " ")]);
  for (std::size_t i = words.size(); i-- > 0;) {
    if (i + n > words.size()) continue;
    const std::string ngram = joined(words, i, n, " ");
    if (counts[ngram] == best) characters = static_cast<std::int64_t>(ngram.size()) * best;
  }
  return characters;
}

std::int64_t expected_repeated(const Words& words, std::size_t n) {
  std::set<std::string> seen;
  std::int64_t characters = 0;
  for (std::size_t i = 0; i + n <= words.size();) {
    const bool is_new = seen.insert(joined(words, i, n, " ")).second;
    if (!is_new) characters += static_cast<std::int64_t>(joined(words, i, n, "").size());
    i += is_new ? 1 : n;
  }
  return characters;
}

TEST(WordNgrams, AgreeWithCountingTheWholeText) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    Words words;
    const std::size_t num_words = random() % 60, num_different = 1 + random() % 8;
    for (std::size_t i = 0; i < num_words; ++i) {
      words.push_back(std::string(1 + random() % num_different, 'a'));
    }
    WordNgrams ngrams(joined(words, 0, words.size(), " "));
    for (std::size_t n = 2; n <= 10; ++n) {
      ngrams.lengthen();
      EXPECT_EQ(ngrams.top_characters(), expected_top(words, n)) << n;
      EXPECT_EQ(ngrams.repeated_characters(), expected_repeated(words, n)) << n;
    }
  }
}

TEST(WordNgrams, FirstOfTheMostFrequentCounts) {
  WordNgrams ngrams("aaa bbb c d");
  ngrams.lengthen();
  EXPECT_EQ(ngrams.top_characters(), 7);
}

}  // namespace word_ngrams_test
}  // namespace switchyard::prepare
