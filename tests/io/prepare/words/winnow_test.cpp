#include "io/prepare/words/winnow.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace switchyard::prepare {
namespace winnow_test {

// `count` words of `vocabulary`, those of small vocabularies with many repeats.
std::string random_words(std::mt19937& random, int count, int vocabulary) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "w" + std::to_string(random() % static_cast<unsigned>(vocabulary)) + " ";
  }
  return text;
}

// The seed of each span, by its first word.
std::vector<std::uint64_t> seed_of_span(const ComparedText& text) {
  std::vector<std::uint64_t> keys;
  for (const Seed& seed : find_seeds(text))
    keys.insert(keys.end(), seed.end - seed.first, seed.key);
  return keys;
}

TEST(Winnow, EverySpanHasOneSeed) {
  std::mt19937 random(1);
  for (const int words : {0, 1, 49, 50, 51, 75, 76, 77, 500}) {
    std::uint32_t next = 0;
    for (const Seed& seed : find_seeds(ComparedText(random_words(random, words, 1000)))) {
      EXPECT_EQ(seed.first, next);
      EXPECT_GT(seed.end, seed.first);
      next = seed.end;
    }
    EXPECT_EQ(next, words < 50 ? 0U : static_cast<std::uint32_t>(words) - 49);
  }
}

TEST(Winnow, EqualSpansHaveEqualSeedsWhateverStandsAroundThem) {
  std::mt19937 random(2);
  for (const int vocabulary : {1, 2, 3, 1000}) {
    for (int round = 0; round < 100; ++round) {
      const std::string shared = random_words(random, 50, vocabulary);
      std::vector<std::uint64_t> keys;
      for (int text = 0; text < 2; ++text) {
        const int before = static_cast<int>(random() % 60);
        const std::string whole = random_words(random, before, vocabulary) + shared +
                                  random_words(random, static_cast<int>(random() % 60), vocabulary);
        keys.push_back(seed_of_span(ComparedText(whole)).at(static_cast<std::size_t>(before)));
      }
      EXPECT_EQ(keys[0], keys[1]);
    }
  }
}

TEST(Winnow, SeedIsTheSameForASpanWhereverItStands) {
  std::mt19937 random(3);
  const ComparedText text(random_words(random, 5000, 2));
  const std::vector<std::uint64_t> keys = seed_of_span(text);
  std::map<std::vector<std::uint64_t>, std::uint64_t> key_of;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto begin = text.hashes.begin() + static_cast<std::ptrdiff_t>(i);
    EXPECT_EQ(key_of.try_emplace({begin, begin + words_per_span}, keys[i]).first->second, keys[i]);
  }
}

TEST(Winnow, SeedsAreFew) {
  std::mt19937 random(4);
  const std::size_t count = find_seeds(ComparedText(random_words(random, 100000, 1000))).size();
  EXPECT_NEAR(static_cast<double>(count), 100000 * 2 / 27.0, 400);
}

TEST(Winnow, NoSpanReachesOverAFormFeed) {
  std::mt19937 random(5);
  const std::string half = random_words(random, 49, 1000);
  EXPECT_TRUE(find_seeds(ComparedText(half + "\f" + half)).empty());
  EXPECT_EQ(seed_of_span(ComparedText(half + "x\f" + half + "y")).size(), 2U);
  EXPECT_EQ(find_seeds(ComparedText(half + "\f\n\f" + half + "y")).front().first, 49U);
}

TEST(Winnow, OrderOfWordsCounts) {
  const std::vector<std::uint64_t> words = {1, 2, 3}, others = {2, 1, 3};
  EXPECT_NE(hash_of_words(words), hash_of_words(others));
}

}  // namespace winnow_test
}  // namespace switchyard::prepare
