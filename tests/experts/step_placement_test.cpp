#include "experts/step_placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "runtime/comm/counts.h"
#include "runtime/random.h"

namespace switchyard {
namespace step_placement_test {

StepConstraints free_of_cost(int num_ranks, int guest_slots) {
  return {std::vector<int>(to_index(num_ranks), 0), guest_slots, {}, 0.0};
}

Counts rows_of_ranks(const Placement& placement, const Counts& rows, const StepPlacement& step) {
  Counts sums(to_index(placement.num_ranks()), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) sums[to_index(step.server[i])] += rows[i];
  return sums;
}

// Every rank wants 300 rows of expert 0, on rank 0, and 20 of each of the others.
Counts hot_expert(int num_ranks, int num_experts) {
  Counts rows;
  for (int rank = 0; rank < num_ranks; ++rank)
    for (int expert = 0; expert < num_experts; ++expert) rows.push_back(expert == 0 ? 300 : 20);
  return rows;
}

TEST(StepPlacement, EachRankTakesItsOwnRowsOfAHotExpert) {
  const Placement placement(8, 4);
  const Counts rows = hot_expert(4, 8);
  const StepPlacement step = place_for_step(placement, rows, free_of_cost(4, 1));
  EXPECT_EQ(step.max_rows_before, 1280);
  EXPECT_EQ(rows_of_ranks(placement, rows, step), (Counts{380, 460, 460, 460}));
  EXPECT_EQ(step.max_rows, 460);
  EXPECT_EQ(step.visits, (std::vector<Visit>{{1, 0, 0}, {2, 0, 0}, {3, 0, 0}}));
  for (int source = 0; source < 4; ++source) EXPECT_EQ(step.server[to_index(source * 8)], source);
}

TEST(StepPlacement, WithoutSlotsOrGainNobodyVisits) {
  const Placement placement(8, 4);
  EXPECT_TRUE(place_for_step(placement, hot_expert(4, 8), free_of_cost(4, 0)).visits.empty());
  EXPECT_TRUE(place_for_step(placement, Counts(32, 50), free_of_cost(4, 2)).visits.empty());
  EXPECT_TRUE(place_for_step(placement, Counts(32, 0), free_of_cost(4, 2)).visits.empty());
}

// A copy that costs as much as 300 rows of both ranks is worth it for none of these, one that costs
// 100 is.
TEST(StepPlacement, CopiesMustSaveMoreThanTheyCost) {
  const Placement placement(8, 4);
  const Counts rows = hot_expert(4, 8);
  StepConstraints limits = free_of_cost(4, 1);
  limits.costs = {10, 3000, 3000};
  EXPECT_TRUE(place_for_step(placement, rows, limits).visits.empty());
  limits.costs.near_copy = 1000;
  const StepPlacement step = place_for_step(placement, rows, limits);
  EXPECT_EQ(std::ssize(step.visits), 3);
  limits.min_gain = 0.5;  // 1,280 rows become 380, three copies and no less: 680, or 0.47
  EXPECT_TRUE(place_for_step(placement, rows, limits).visits.empty());
}

TEST(StepPlacement, TakesTheNodeWhoseCopiesAreCheap) {
  const Placement placement(8, 4);
  Counts rows(32, 0);
  rows[2 * 8] = rows[3 * 8] = 400;  // of expert 0, by ranks 2 and 3
  StepConstraints limits = free_of_cost(4, 1);
  limits.node_of = {0, 0, 1, 1};
  limits.costs = {1, 10, 10000};
  const StepPlacement step = place_for_step(placement, rows, limits);
  EXPECT_EQ(step.visits, (std::vector<Visit>{{1, 0, 0}}));
}

// Whatever the counts: slots are not exceeded, nobody gets an expert it has, every server has what
// it serves, and no rank has more rows than the busiest had.
TEST(StepPlacement, KeepsItsPromisesOnAnyCounts) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Random random(seed, Purpose::init);
    std::uint64_t next = 0;
    const auto draw = [&](int n) { return static_cast<int>(random.uniform(next++) * n); };
    const int ranks = 1 + draw(7), experts = ranks + draw(9), slots = draw(4);
    const Placement placement(experts, ranks, experts + draw(ranks));
    Counts rows;
    for (int i = 0; i < ranks * experts; ++i) rows.push_back(draw(3) == 0 ? draw(500) : draw(20));
    const StepPlacement step = place_for_step(placement, rows, free_of_cost(ranks, slots));
    std::vector<std::set<int>> has(to_index(ranks));
    for (int rank = 0; rank < ranks; ++rank)
      has[to_index(rank)].insert(placement.hosted(rank).begin(), placement.hosted(rank).end());
    Counts guests(to_index(ranks), 0);
    for (const Visit& visit : step.visits) {
      const std::span<const int> home = placement.hosted(visit.from);
      EXPECT_NE(std::find(home.begin(), home.end(), visit.expert), home.end());
      EXPECT_TRUE(has[to_index(visit.rank)].insert(visit.expert).second) << "seed " << seed;
      EXPECT_LE(++guests[to_index(visit.rank)], slots);
    }
    for (int i = 0; i < ranks * experts; ++i)
      EXPECT_TRUE(has[to_index(step.server[to_index(i)])].contains(i % experts));
    const Counts sums = rows_of_ranks(placement, rows, step);
    EXPECT_EQ(*std::max_element(sums.begin(), sums.end()), step.max_rows);
    EXPECT_LE(step.max_rows, step.max_rows_before);
    EXPECT_EQ(total_of(sums), total_of(rows));
  }
}

}  // namespace step_placement_test
}  // namespace switchyard
