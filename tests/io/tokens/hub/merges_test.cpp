#include "io/tokens/hub/merges.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace switchyard::hub {
namespace merges_test {

using Tokens = std::vector<std::int32_t>;
using Table = std::map<std::pair<std::int32_t, std::int32_t>, Merges::Merge>;

Merges merges_of(const Table& table) {
  Merges merges;
  for (const auto& [pair, merge] : table) merges.add(pair.first, pair.second, merge);
  return merges;
}

// What the paper says: the pair of the lowest rank, the leftmost of those, until there is none.
Tokens merged_slowly(Tokens tokens, const Table& table) {
  for (;;) {
    auto best = table.end();
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto found = table.find({tokens[i], tokens[i + 1]});
      if (found == table.end()) continue;
      if (best == table.end() || found->second.rank < best->second.rank) best = found, place = i;
    }
    if (best == table.end()) return tokens;
    tokens[place] = best->second.result;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

// Random merges, also of tokens that only later ones make.
Table random_table(std::mt19937& random, int letters, int merges) {
  std::vector<std::uint32_t> ranks;
  for (int i = 0; i < merges; ++i) ranks.push_back(static_cast<std::uint32_t>(i));
  if (random() % 2 == 0) std::shuffle(ranks.begin(), ranks.end(), random);
  Table table;
  for (int i = 0; i < merges; ++i) {
    const auto known = static_cast<unsigned>(letters + i);
    const auto token = [&] { return static_cast<std::int32_t>(random() % known); };
    table.try_emplace({token(), token()}, Merges::Merge{ranks[static_cast<std::size_t>(i)],
                                                        static_cast<std::int32_t>(letters + i)});
  }
  return table;
}

TEST(Merges, WordsOfAnyLengthMergeAsThePaperSays) {
  std::mt19937 random(3);
  for (int round = 0; round < 400; ++round) {
    const int letters = 1 + static_cast<int>(random() % 4);
    const Table table = random_table(random, letters, static_cast<int>(random() % 30));
    Tokens tokens(random() % 200);
    for (auto& token : tokens) token = static_cast<std::int32_t>(random() % letters);
    const Tokens expected = merged_slowly(tokens, table);
    merges_of(table).apply(tokens);
    ASSERT_EQ(tokens, expected) << "round " << round;
  }
}

TEST(Merges, TheLaterMergeOfTheSameTwoCounts) {
  Merges merges;
  merges.add(0, 0, {5, 1});
  merges.add(0, 0, {6, 2});
  Tokens tokens = {0, 0};
  merges.apply(tokens);
  EXPECT_EQ(tokens, Tokens{2});
}

TEST(Merges, ALongRunOfOneLetterMergesFromTheLeft) {
  Merges merges;
  merges.add(0, 0, {0, 1});
  merges.add(1, 1, {1, 2});
  Tokens tokens(4000003, 0);
  merges.apply(tokens);
  Tokens expected(1000000, 2);
  expected.push_back(1);
  expected.push_back(0);
  EXPECT_EQ(tokens, expected);
}

TEST(Merges, NoMergesLeaveAWordAsItIs) {
  Tokens tokens = {3, 1, 2};
  Merges().apply(tokens);
  EXPECT_EQ(tokens, (Tokens{3, 1, 2}));
}

}  // namespace merges_test
}  // namespace switchyard::hub
