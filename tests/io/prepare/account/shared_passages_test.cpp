#include "io/prepare/account/shared_passages.h"

#include <gtest/gtest.h>

#include <random>

namespace switchyard::prepare {
namespace shared_passages_test {

std::vector<std::string> texts_of(const std::vector<SharedPassage>& passages) {
  std::vector<std::string> texts;
  for (const SharedPassage& passage : passages) texts.push_back(passage.text);
  return texts;
}

TEST(SharedPassages, AreTheLongestFirst) {
  const auto passages =
      shared_passages("a one two three four five b six seven eight nine ten 11 c",
                      "x six seven eight nine ten 11 y one two three four five", 3);
  EXPECT_EQ(texts_of(passages),
            (std::vector<std::string>{"six seven eight nine ten 11", "one two three four five"}));
  EXPECT_EQ(passages.front().num_words, 6);
}

TEST(SharedPassages, ComeAsTheyStandInTheFirstText) {
  const auto passages =
      shared_passages("So: One, two -- THREE four; five! no", "one two three four five yes", 3);
  EXPECT_EQ(texts_of(passages), std::vector<std::string>{"One, two -- THREE four; five"});
}

TEST(SharedPassages, AreNoMoreThanAskedFor) {
  const auto passages =
      shared_passages("a b c d e x f g h i j y k l m n o", "a b c d e 1 f g h i j 2 k l m n o", 2);
  EXPECT_EQ(texts_of(passages), (std::vector<std::string>{"a b c d e", "f g h i j"}));
}

TEST(SharedPassages, HaveFiveWords) {
  EXPECT_TRUE(shared_passages("one two three four a b", "one two three four c d", 3).empty());
}

TEST(SharedPassages, OfAShortTextMayBeShorter) {
  EXPECT_EQ(texts_of(shared_passages("Hello world", "well, hello world again and again", 3)),
            std::vector<std::string>{"Hello world"});
}

TEST(SharedPassages, OfTextsWithoutWordsAreNone) {
  EXPECT_TRUE(shared_passages("", "one two", 3).empty());
  EXPECT_TRUE(shared_passages("...", "...", 3).empty());
}

// The oracle: words shared from i in a and j in b on, for all i and j.
std::int64_t longest_by_force(const std::string& a, const std::string& b) {
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < a.size(); i += 2) {
    for (std::size_t j = 0; j < b.size(); j += 2) {
      std::size_t length = 0;
      while (i + length < a.size() && j + length < b.size() && a[i + length] == b[j + length]) {
        length += 2;
      }
      longest = std::max(longest, static_cast<std::int64_t>(length / 2));
    }
  }
  return longest;
}

TEST(SharedPassages, LongestIsTheLongestByForce) {
  std::mt19937 random(1);
  const auto random_words = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += {static_cast<char>('a' + random() % 3), ' '};
    return text;
  };
  int num_shared = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string a = random_words(60), b = random_words(40);
    const std::int64_t expected = longest_by_force(a, b);
    const auto passages = shared_passages(a, b, 1);
    EXPECT_EQ(passages.empty() ? 0 : passages.front().num_words, expected < 5 ? 0 : expected);
    num_shared += passages.empty() ? 0 : 1;
  }
  EXPECT_GT(num_shared, 100);
}

}  // namespace shared_passages_test
}  // namespace switchyard::prepare
