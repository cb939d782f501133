#include "io/prepare/words/shingles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include "runtime/random.h"

namespace switchyard::prepare {
namespace shingles_test {

using Hashes = std::vector<std::uint64_t>;

std::vector<Word> random_words(std::uint64_t count, std::uint64_t num_known) {
  const Random random(count, Purpose::init);
  std::vector<Word> words;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Philox bits = random.bits(random.bits(i)[0] % num_known);
    words.push_back({std::uint64_t{bits[0]} << 32 | bits[1], 0, 0});
  }
  return words;
}

Hashes in_order_of_text(const std::vector<Word>& words) {
  Hashes hashes;
  append_shingles(words, hashes);
  return hashes;
}

TEST(Shingles, FewerThanFiveWordsHaveNone) {
  EXPECT_TRUE(shingles_of("").empty());
  EXPECT_TRUE(shingles_of("one two three four").empty());
  EXPECT_EQ(shingles_of("one two three four five").size(), 1);
}

TEST(Shingles, OneForEachFiveWordsInARow) {
  EXPECT_EQ(shingles_of("a b c d e f g").size(), 3);
  EXPECT_EQ(in_order_of_text(random_words(100, 100)).size(), 96);
}

TEST(Shingles, DependOnFiveWordsAndNothingElse) {
  const Hashes one = shingles_of("x A, b. C d e y");
  const Hashes other = shingles_of("z a b c d e w");
  Hashes common;
  std::set_intersection(one.begin(), one.end(), other.begin(), other.end(),
                        std::back_inserter(common));
  EXPECT_EQ(common, shingles_of("a b c d e"));
}

TEST(Shingles, TheOrderOfWordsCounts) {
  std::string order = "abcde";
  std::set<std::uint64_t> seen;
  do {
    std::string text;
    for (const char each : order) text.append(1, each).append(1, ' ');
    seen.insert(shingles_of(text).at(0));
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(seen.size(), 120);
}

TEST(Shingles, SetsAreSortedAndHoldEachOnce) {
  for (const std::uint64_t count : {5, 50, 67, 68, 69, 500, 5000, 100000}) {
    for (const std::uint64_t num_known : {1, 2, 30, 1000000}) {
      const std::vector<Word> words = random_words(count, num_known);
      const Hashes text_order = in_order_of_text(words);
      const std::set<std::uint64_t> expected(text_order.begin(), text_order.end());
      EXPECT_EQ(shingles_of(words), Hashes(expected.begin(), expected.end()))
          << count << " words of " << num_known;
    }
  }
}

TEST(Shingles, AreAppended) {
  Hashes hashes = {1, 2};
  append_shingles(random_words(6, 6), hashes);
  ASSERT_EQ(hashes.size(), 4);
  EXPECT_EQ(hashes[1], 2);
}

TEST(Shingles, BitsAreSpreadEvenly) {
  const Hashes hashes = in_order_of_text(random_words(100004, 1000));
  for (int bit = 0; bit < 64; ++bit) {
    const auto ones = std::count_if(hashes.begin(), hashes.end(),
                                    [&](std::uint64_t hash) { return (hash >> bit & 1) != 0; });
    EXPECT_NEAR(static_cast<double>(ones), 50000.0, 5 * 158.1) << bit;  // 5 sigma
  }
}

// The same bits on every machine: datasets hold keys that were made from them.
TEST(Shingles, OfAKnownTextAreKnown) {
  EXPECT_EQ(shingles_of("The quick brown fox jumps"), Hashes{0xE4398A5F0FB96140U});
}

TEST(Jaccard, IsTheShareOfTheUnionThatIsCommon) {
  EXPECT_DOUBLE_EQ(jaccard(Hashes{1, 2, 3, 4}, Hashes{3, 4, 5, 6, 7, 8}), 0.25);
  EXPECT_DOUBLE_EQ(jaccard(Hashes{1, 2, 3}, Hashes{1, 2, 3}), 1.0);
  EXPECT_DOUBLE_EQ(jaccard(Hashes{1, 3, 5}, Hashes{2, 4, 6}), 0.0);
  EXPECT_DOUBLE_EQ(jaccard(Hashes{0}, Hashes{0, ~std::uint64_t{0}}), 0.5);
}

TEST(Jaccard, OfAnEmptySetIsZero) {
  EXPECT_EQ(jaccard(Hashes{}, Hashes{}), 0.0);
  EXPECT_EQ(jaccard(Hashes{1}, Hashes{}), 0.0);
}

TEST(Jaccard, EqualsSetArithmetic) {
  for (std::uint64_t seed = 5; seed < 300; ++seed) {
    const Hashes a = shingles_of(random_words(seed, 3));
    const Hashes b = shingles_of(random_words(seed + 1, 3));
    std::set<std::uint64_t> all(a.begin(), a.end());
    all.insert(b.begin(), b.end());
    const auto common = static_cast<double>(a.size() + b.size() - all.size());
    EXPECT_DOUBLE_EQ(jaccard(a, b), common / static_cast<double>(all.size()));
  }
}

}  // namespace shingles_test
}  // namespace switchyard::prepare
