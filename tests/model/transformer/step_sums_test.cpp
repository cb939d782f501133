#include "model/transformer/step_sums.h"

#include <gtest/gtest.h>

#include <utility>

namespace switchyard {
namespace step_sums_test {

// Two MoE layers of three experts; every number differs.
StepSums numbered() {
  StepSums sums(2, 3, 2);
  sums.loss() = 1;
  sums.balance_loss() = 2;
  sums.z_loss() = 3;
  sums.broken() = 4;
  sums.add_sent_rows({2, 3, 4});
  sums.add_sent_rows({3, 3, 3});
  sums.add_balance({4, 5, 6, 7});
  sums.add_balance({4, 4, 4, 4});
  for (const std::size_t layer : {0U, 1U}) {
    sums.dropped()[layer] = 10 + static_cast<std::int64_t>(layer);
    for (std::size_t e = 0; e < 3; ++e)
      sums.expert_counts(layer)[e] = static_cast<std::int64_t>(100 * (layer + 1) + e);
    for (std::size_t i = 0; i < 6; ++i)
      sums.required_biases(layer)[i] = static_cast<std::int64_t>(1000 * (layer + 1) + i);
  }
  return sums;
}

std::vector<std::int64_t> list(std::span<const std::int64_t> numbers) {
  return {numbers.begin(), numbers.end()};
}

TEST(StepSums, EveryNumberHasItsOwnPlace) {
  const StepSums sums = numbered();
  EXPECT_EQ(sums.loss(), 1);
  EXPECT_EQ(sums.balance_loss(), 2);
  EXPECT_EQ(sums.z_loss(), 3);
  EXPECT_EQ(sums.broken(), 4);
  EXPECT_EQ(sums.sent_rows().own_rank, 5);
  EXPECT_EQ(sums.sent_rows().own_node, 6);
  EXPECT_EQ(sums.sent_rows().other_nodes, 7);
  EXPECT_EQ(sums.balance().copies, 8);
  EXPECT_EQ(sums.balance().max_rows_before, 9);
  EXPECT_EQ(sums.balance().max_rows, 10);
  EXPECT_EQ(sums.balance().rows, 11);
  EXPECT_EQ(list(sums.dropped()), (std::vector<std::int64_t>{10, 11}));
  EXPECT_EQ(list(sums.expert_counts()), (std::vector<std::int64_t>{100, 101, 102, 200, 201, 202}));
  EXPECT_EQ(list(sums.expert_counts(1)), (std::vector<std::int64_t>{200, 201, 202}));
  EXPECT_EQ(list(sums.required_biases(0)),
            (std::vector<std::int64_t>{1000, 1001, 1002, 1003, 1004, 1005}));
  EXPECT_EQ(list(sums.required_biases(1)).back(), 2005);
}

TEST(StepSums, WordsAreAllNumbers) {
  StepSums sums = numbered();
  const Tensor words = sums.words();
  EXPECT_EQ(words.size(), 4 + 3 + 4 + 2 + 6 + 12);
  for (std::int64_t i = 0; i < words.size(); ++i) words.as<std::int64_t>()[i] *= 2;
  EXPECT_EQ(sums.z_loss(), 6);
  EXPECT_EQ(sums.sent_rows().own_node, 12);
  EXPECT_EQ(list(sums.expert_counts(0)), (std::vector<std::int64_t>{200, 202, 204}));
}

TEST(StepSums, ADenseModelHasNoCounts) {
  StepSums sums(0, 8, 0);
  EXPECT_TRUE(sums.dropped().empty());
  EXPECT_TRUE(std::as_const(sums).expert_counts().empty());
}

}  // namespace step_sums_test
}  // namespace switchyard
