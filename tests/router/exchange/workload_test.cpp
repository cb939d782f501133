#include "router/exchange/workload.h"

#include <gtest/gtest.h>

#include <set>

namespace switchyard {
namespace workload_test {

const WorkloadShape shape{
    .tokens = 512, .top_k = 2, .num_experts = 16, .num_ranks = 4, .ranks_per_node = 2};

// Choices of each expert over all ranks.
std::vector<double> shares(const Workload& workload, std::int64_t step = 0) {
  std::vector<double> counts(16);
  double all = 0.0;
  for (int rank = 0; rank < shape.num_ranks; ++rank) {
    for (const std::int32_t e : workload.draw(rank, step).expert) {
      ++counts[static_cast<std::size_t>(e)];
      ++all;
    }
  }
  for (double& count : counts) count /= all;
  return counts;
}

double sum(const std::vector<double>& values, std::size_t first, std::size_t end) {
  double total = 0.0;
  for (std::size_t i = first; i < end; ++i) total += values[i];
  return total;
}

TEST(Workload, NoTokenChoosesAnExpertTwice) {
  for (const Workload::Kind& kind : Workload::kinds()) {
    const DrawnRouting drawn = Workload(kind.name, shape).draw(1, 7);
    for (std::size_t t = 0; t + 1 < drawn.expert.size(); t += 2)
      EXPECT_NE(drawn.expert[t], drawn.expert[t + 1]) << kind.name;
  }
}

TEST(Workload, EveryExpertCanBeChosenByEveryToken) {
  WorkloadShape all = shape;
  all.top_k = all.num_experts;
  const DrawnRouting drawn = Workload("hot_expert", all).draw(0, 0);
  EXPECT_EQ(std::set<std::int32_t>(drawn.expert.begin(), drawn.expert.begin() + 16).size(), 16U);
}

TEST(Workload, TheSameDrawTwiceAndAnotherAtAnotherStep) {
  const Workload workload("zipf", shape);
  EXPECT_EQ(workload.draw(2, 5).expert, workload.draw(2, 5).expert);
  EXPECT_NE(workload.draw(2, 5).expert, workload.draw(2, 6).expert);
  EXPECT_NE(workload.draw(2, 5).expert, workload.draw(3, 5).expert);
}

TEST(Workload, BalancedIsExact) {
  for (const double share : shares(Workload("balanced", shape))) EXPECT_EQ(share, 1.0 / 16);
}

TEST(Workload, HotSetsTakeTheirShare) {
  // A token's second choice is another expert: the hot one takes less than half of all.
  EXPECT_GT(shares(Workload("hot_expert", shape))[0], 0.35);
  EXPECT_GT(sum(shares(Workload("hot_rank", shape)), 0, 4), 0.5);
  EXPECT_GT(sum(shares(Workload("hot_node", shape)), 0, 8), 0.65);
  const std::vector<double> zipf = shares(Workload("zipf", shape));
  EXPECT_GT(*std::max_element(zipf.begin(), zipf.end()), 0.2);
}

TEST(Workload, TheHotspotRotates) {
  const Workload workload("rotating", shape);
  EXPECT_GT(shares(workload, 0)[0], 0.35);
  EXPECT_GT(shares(workload, 1)[7], 0.35);
}

TEST(Workload, EveryEighthStepIsABurst) {
  const Workload workload("burst", shape);
  EXPECT_EQ(sum(shares(workload, 6), 0, 4), 0.25);
  EXPECT_GT(sum(shares(workload, 7), 0, 4), 0.5);
}

TEST(Workload, RaggedAndEmptyRanksHaveTheirTokens) {
  const Workload ragged("ragged", shape), empty("empty_rank", shape);
  EXPECT_LT(ragged.tokens(0), ragged.tokens(3));
  EXPECT_EQ(ragged.tokens(1) % row_tile, 0);
  EXPECT_EQ(empty.tokens(2), 512);
  EXPECT_EQ(empty.tokens(3), 0);
  EXPECT_EQ(empty.draw(3, 0).tokens(), 0);
}

TEST(Workload, AnUnknownNameIsRefused) { EXPECT_THROW(Workload("quiet", shape), Error); }

}  // namespace workload_test
}  // namespace switchyard
