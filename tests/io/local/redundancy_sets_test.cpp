#include "io/local/redundancy_sets.h"

#include <gtest/gtest.h>

#include <set>

#include "runtime/error.h"

namespace switchyard {
namespace redundancy_sets_test {

using Nodes = std::vector<std::vector<int>>;

int node_of(const Nodes& nodes, int rank) {
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    for (const int one : nodes[node]) {
      if (one == rank) return static_cast<int>(node);
    }
  }
  return -1;
}

const Nodes uneven{{0, 1, 2}, {3}, {4, 5}, {6, 7}, {8}};

TEST(RedundancySets, EveryRankGivesItsFileToOneSet) {
  std::multiset<std::string> data;
  for (const RedundancySet& set : make_redundancy_sets(uneven, 2)) {
    for (const SetMember& member : set) {
      if (!member.data.empty()) data.insert(member.data);
    }
  }
  EXPECT_EQ(data.size(), 9U);
  EXPECT_EQ(std::set<std::string>(data.begin(), data.end()).size(), 9U);
}

TEST(RedundancySets, NoTwoMembersShareANode) {
  for (const RedundancySet& set : make_redundancy_sets(uneven, 3)) {
    std::set<int> nodes;
    for (const SetMember& member : set) nodes.insert(node_of(uneven, member.rank));
    EXPECT_EQ(nodes.size(), set.size());
  }
}

TEST(RedundancySets, NodesThatAreLeftOverJoinTheirNeighbours) {
  for (const RedundancySet& set : make_redundancy_sets({{0}, {1}, {2}, {3}, {4}}, 2)) {
    EXPECT_GE(set.size(), 2U);
    EXPECT_LE(set.size(), 3U);
  }
}

TEST(RedundancySets, ANodeAloneKeepsNoParity) {
  const auto sets = make_redundancy_sets({{0, 1}}, 2);
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].front().parity, "");
}

TEST(RedundancySets, GoThroughTheManifest) {
  const auto sets = make_redundancy_sets(uneven, 3);
  EXPECT_EQ(json_of(redundancy_sets_of(json_of(sets))), json_of(sets));
}

TEST(RedundancySets, AManifestWithOthersIsRefused) {
  EXPECT_THROW(redundancy_sets_of(nlohmann::json::parse(R"([[{"rank": "two"}]])")), Error);
}

TEST(ParityLayout, PartsOfAFileAreAllOfIt) {
  const ParityLayout layout({1000, 7, 0, 999});
  for (int member = 0; member < 4; ++member) {
    std::int64_t end = 0, total = 0;
    for (int keeper = 0; keeper < 4; ++keeper) {
      if (keeper == member) continue;
      EXPECT_LE(layout.part(member, keeper).begin, std::max(end, total));
      total += layout.part(member, keeper).size();
      end = layout.part(member, keeper).end;
    }
    EXPECT_EQ(total, std::vector<std::int64_t>({1000, 7, 0, 999})[std::size_t(member)]);
  }
}

TEST(ParityLayout, OfManyNodesIsSmall) {
  const ParityLayout layout(std::vector<std::int64_t>(9, 8000));
  EXPECT_EQ(layout.parity_bytes(4), 1000);
}

TEST(ParityLayout, OfTwoNodesIsACopy) {
  const ParityLayout layout({1000, 800});
  EXPECT_EQ(layout.part(1, 0), (ElementRange{0, 800}));
  EXPECT_EQ(layout.parity_bytes(0), 800);
}

}  // namespace redundancy_sets_test
}  // namespace switchyard
