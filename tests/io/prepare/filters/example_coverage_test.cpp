#include "io/prepare/filters/example_coverage.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace example_coverage_test {

using Numbers = std::vector<std::uint32_t>;

// Two examples of n-grams of four words: one of ten words, and one of four that the other holds.
class TwoExamples : public testing::Test {
 protected:
  TwoExamples() {
    coverage_.add(Numbers{0, 1, 2, 3, 4, 5, 6});
    coverage_.add(Numbers{3});
    coverage_.finish();
  }
  Numbers covered(const Numbers& ngrams, double share) { return coverage_.covered(ngrams, share); }

  ExampleCoverage coverage_{4};
};

TEST_F(TwoExamples, SharesAreOfWords) {
  EXPECT_EQ(covered({0, 6}, 0.8), Numbers{0});
  EXPECT_EQ(covered({0, 6}, 0.81), Numbers{});
}

TEST_F(TwoExamples, WordsUnderTwoNgramsCountOnce) {
  EXPECT_EQ(covered({0, 1, 2}, 0.6), Numbers{0});
  EXPECT_EQ(covered({0, 1, 2}, 0.61), Numbers{});
}

TEST_F(TwoExamples, OneNgramCanBelongToBoth) {
  EXPECT_EQ(covered({3}, 0.4), (Numbers{0, 1}));
  EXPECT_EQ(covered({3}, 1.0), Numbers{1});
}

TEST_F(TwoExamples, UnknownNgramsCoverNothing) { EXPECT_EQ(covered({7, 99}, 0.01), Numbers{}); }

}  // namespace example_coverage_test
}  // namespace switchyard::prepare
