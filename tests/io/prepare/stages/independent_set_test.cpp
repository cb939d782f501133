#include "io/prepare/stages/independent_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "io/prepare/work/number_file.h"
#include "tests/io/prepare/corpus_for_tests.h"

namespace switchyard::prepare {
namespace independent_set_test {

using Group = std::vector<std::uint32_t>;
using Edges = std::set<std::pair<std::int64_t, std::int64_t>>;  // (later, earlier) that verify

// One document after the other: the definition.
std::vector<bool> removed_in_order(std::int64_t count, const std::vector<Group>& groups,
                                   const Edges& edges) {
  std::vector<bool> removed(static_cast<std::size_t>(count), false);
  for (std::int64_t later = 0; later < count; ++later) {
    for (const Group& group : groups) {
      if (std::find(group.begin(), group.end(), later) == group.end()) continue;
      for (const std::uint32_t earlier : group) {
        if (earlier >= later || removed[earlier]) continue;
        if (edges.contains({later, earlier})) removed[static_cast<std::size_t>(later)] = true;
      }
    }
  }
  return removed;
}

struct Result {
  IndependentSet set;
  std::int64_t pairs_asked = 0;  // over all ranks
};

class IndependentSetTest : public testing::Test {
 protected:
  // Collective. Groups are dealt out to the ranks.
  Result run(std::int64_t count, const std::vector<Group>& groups, const Edges& edges,
             std::int64_t pairs_at_once = 1 << 20) {
    Comm& world = test_world();
    IndependentSetTask task;
    task.num_documents = count;
    task.scratch = folder_ / ("round" + std::to_string(world.rank()));
    task.groups = {folder_ / ("groups" + std::to_string(world.rank()))};
    NumberWriter file(task.groups[0]);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (static_cast<int>(i) % world.size() != world.rank()) continue;
      file.put(static_cast<std::uint32_t>(groups[i].size()));
      file.put(groups[i]);
    }
    file.finish();
    task.pairs_at_once = pairs_at_once;
    task.owner = [&](std::int64_t ordinal) { return static_cast<int>(ordinal % world.size()); };
    Result result;
    task.verify = [&](const std::vector<DocumentPair>& pairs) {
      std::vector<Removal> removals;
      result.pairs_asked += std::ssize(pairs);
      for (const DocumentPair& pair : pairs) {
        const bool again = !removals.empty() && removals.back().later == pair.later;
        if (!again && edges.contains({pair.later, pair.earlier})) {
          removals.push_back({pair.later, pair.earlier, RemovalReason::exact, 1.0F});
        }
      }
      return removals;
    };
    task.progress = [](std::int64_t) {};
    result.set = first_independent_set(task, world);
    result.pairs_asked = reduce_one(world, result.pairs_asked, Reduce::sum);
    return result;
  }

  SharedFolder folder_;
};

std::vector<bool> bits_of(const IndependentSet& set, std::int64_t count) {
  std::vector<bool> bits;
  for (std::int64_t i = 0; i < count; ++i) bits.push_back(set.removed.test(i));
  return bits;
}

TEST_F(IndependentSetTest, EqualsTheDefinitionOnRandomGraphs) {
  constexpr std::int64_t count = 60;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    TestNumbers numbers(seed);
    std::vector<Group> groups(40);
    Edges edges;
    for (Group& group : groups) {
      std::set<std::uint32_t> members;
      for (auto size = 2 + numbers.below(6); size > 0; --size) {
        members.insert(static_cast<std::uint32_t>(numbers.below(count)));
      }
      group.assign(members.begin(), members.end());
      for (const std::uint32_t a : group) {
        for (const std::uint32_t b : group) {
          if (b < a && (a * 31 + b * 17 + seed) % 3 != 0) edges.insert({a, b});
        }
      }
    }
    std::erase_if(groups, [](const Group& group) { return group.size() < 2; });
    const auto expected = removed_in_order(count, groups, edges);
    EXPECT_EQ(bits_of(run(count, groups, edges).set, count), expected) << seed;
    EXPECT_EQ(bits_of(run(count, groups, edges, 1).set, count), expected) << seed;
  }
}

TEST_F(IndependentSetTest, ChainLosesEveryOther) {
  std::vector<Group> groups;
  Edges edges;
  for (std::uint32_t i = 1; i < 20; ++i) {
    groups.push_back({i - 1, i});
    edges.insert({i, i - 1});
  }
  const Result result = run(20, groups, edges);
  for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(result.set.removed.test(i), i % 2 == 1) << i;
}

TEST_F(IndependentSetTest, CopiesOfOneCostOneComparisonEach) {
  Group all(1000);
  Edges edges;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    all[i] = i;
    if (i > 0) edges.insert({i, 0});
  }
  const Result result = run(1000, {all, all, all}, edges);
  EXPECT_EQ(result.pairs_asked, 999);
  EXPECT_EQ(result.set.removed.count(0, 1000), 999);
}

TEST_F(IndependentSetTest, KeeperIsTheFirstOfTheRound) {
  const Result result = run(3, {{0, 2}, {1, 2}}, {{2, 0}, {2, 1}});
  for (const Removal& removal : result.set.removals) EXPECT_EQ(removal.earlier, 0);
  EXPECT_EQ(result.set.removed.count(0, 3), 1);
}

}  // namespace independent_set_test
}  // namespace switchyard::prepare
