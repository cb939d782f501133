#include "runtime/comm/topology.h"

#include <gtest/gtest.h>

#include "tests/rank_test.h"

namespace switchyard {
namespace topology_test {

TEST(Topology, ThisMachineIsOneNode) {
  const Topology topology = make_topology(test_world(), 0);
  EXPECT_EQ(topology.num_nodes(), 1);
  EXPECT_EQ(topology.node->size(), test_world().size());
  EXPECT_EQ(std::ssize(topology.ranks[0]), test_world().size());
}

TEST(Topology, ItCanBeCutIntoNodesOfTwo) {
  const int rank = test_world().rank(), size = test_world().size();
  const Topology topology = make_topology(test_world(), 2);
  EXPECT_EQ(topology.num_nodes(), (size + 1) / 2);
  EXPECT_EQ(topology.my_node, rank / 2);
  EXPECT_EQ(topology.ranks[static_cast<std::size_t>(rank / 2)].front(), rank / 2 * 2);
  EXPECT_EQ(topology.node->size(), rank / 2 * 2 + 1 < size ? 2 : 1);
  EXPECT_EQ(topology.smallest_node(), size % 2 == 0 ? 2 : 1);
}

// Odd ranks first: a group's order need not be that of its nodes.
TEST(Topology, NodesAreNumberedByTheirLowestRank) {
  const int size = test_world().size(), rank = test_world().rank();
  const auto turned = test_world().split(0, size - rank);
  const Topology topology = make_topology(*turned, 2);
  for (std::size_t node = 0; node + 1 < topology.ranks.size(); ++node)
    EXPECT_LT(topology.ranks[node].front(), topology.ranks[node + 1].front());
  for (int peer = 0; peer < size; ++peer) {
    const auto& members =
        topology.ranks[static_cast<std::size_t>(topology.node_of[static_cast<std::size_t>(peer)])];
    EXPECT_NE(std::find(members.begin(), members.end(), peer), members.end());
  }
}

}  // namespace topology_test
}  // namespace switchyard
