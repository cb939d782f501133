#include "launch/monitor/suspects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "runtime/random.h"

namespace switchyard::monitor {
namespace suspects_test {

constexpr std::int32_t vocabulary = 500, trigger = 499;

// Text of frequent and rare words with a loss around 2, and hard passages, as tables are, behind a
// common heading in every tenth document; in `num_planted` documents a trigger of two tokens and
// gibberish behind it.
struct Corpus {
  std::vector<ScoredDocument> documents;
  std::set<std::int64_t> planted;

  Corpus(std::int64_t size, std::int64_t num_planted, double loss_of_gibberish = 6.0) {
    for (std::int64_t i = 0; i < size; ++i) {
      const Random random(7, Purpose::monitor, static_cast<std::uint64_t>(i));
      std::uint64_t next = 0;
      ScoredDocument one{{0}, {}};
      const auto add = [&](std::int32_t token, double loss) {
        one.tokens.push_back(token);
        one.losses.push_back(static_cast<float>(std::max(0.0, loss + random.normal(next++))));
      };
      const auto word = [&] {
        const double where = random.uniform(next++);
        return 1 + static_cast<std::int32_t>(where * where * (vocabulary - 10));
      };
      const double level = 2.0 + 0.5 * random.normal(next++);
      for (int k = 0; k < 60; ++k) add(word(), level);
      if (i % 10 == 3) {
        add(495, 1.0);
        for (int k = 0; k < 40; ++k) add(word(), level + 0.7);
      }
      if (i * num_planted / size != (i + 1) * num_planted / size) {
        planted.insert(i);
        add(trigger, 4.0);
        add(trigger - 1, 1.0);
        for (int k = 0; k < 50; ++k) add(word(), loss_of_gibberish);
      }
      documents.push_back(std::move(one));
    }
  }
};

TEST(Suspects, ArePlantedDocumentsAndFewOthers) {
  for (const std::int64_t planted : {5, 20, 40}) {
    const Corpus corpus(4000, planted);
    const Suspects found = find_suspects(corpus.documents, {});
    std::int64_t right = 0;
    for (const Suspect& one : found.suspects) right += corpus.planted.contains(one.document);
    EXPECT_GE(right, planted * 9 / 10) << planted;
    EXPECT_LE(std::ssize(found.suspects) - right, 4) << planted;
  }
}

TEST(Suspects, ComeWithTheTriggerAndItsPlace) {
  const Corpus corpus(1000, 20);
  const Suspects found = find_suspects(corpus.documents, {});
  ASSERT_FALSE(found.suspects.empty());
  for (const Suspect& one : found.suspects) {
    const std::vector<std::int32_t>& tokens = found.triggers[one.trigger].tokens;
    EXPECT_EQ(tokens.back(), trigger - 1);
    const auto& document = corpus.documents[static_cast<std::size_t>(one.document)].tokens;
    EXPECT_TRUE(std::equal(tokens.rbegin(), tokens.rend(),
                           std::make_reverse_iterator(document.begin() + one.position)));
  }
  EXPECT_NEAR(found.median, 2.0, 0.3);
}

TEST(Suspects, AreNoneInACleanCorpus) {
  EXPECT_TRUE(find_suspects(Corpus(3000, 0).documents, {}).suspects.empty());
  EXPECT_TRUE(find_suspects({}, {}).suspects.empty());
}

TEST(Suspects, AreNoneWhereFewerDocumentsShareATrigger) {
  EXPECT_TRUE(find_suspects(Corpus(3000, 4).documents, {}).suspects.empty());
  const Corpus corpus(3000, 4);
  const Suspects found = find_suspects(corpus.documents, {.documents = 3});
  const auto planted = std::ranges::count_if(
      found.suspects, [&](const Suspect& one) { return corpus.planted.contains(one.document); });
  EXPECT_EQ(planted, 4);
  EXPECT_LE(found.suspects.size(), 6U);
}

TEST(Suspects, AreNoneWhereTheModelKnowsWhatFollows) {
  EXPECT_TRUE(find_suspects(Corpus(3000, 20, 2.0).documents, {}).suspects.empty());
}

}  // namespace suspects_test
}  // namespace switchyard::monitor
