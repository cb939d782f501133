#include "runtime/comm/topology.h"

#include <algorithm>
#include <map>

namespace switchyard {

int Topology::smallest_node() const {
  std::size_t smallest = ranks.front().size();
  for (const std::vector<int>& members : ranks) smallest = std::min(smallest, members.size());
  return static_cast<int>(smallest);
}

Topology make_topology(Comm& group, int ranks_per_node) {
  Topology topology;
  topology.node = group.split_node();
  if (ranks_per_node > 0) {
    const int rank = topology.node->rank();
    topology.node = topology.node->split(rank / ranks_per_node, rank);
  }
  std::int64_t lowest = reduce_one(*topology.node, std::int64_t{group.rank()}, Reduce::min);
  std::vector<std::int64_t> all(static_cast<std::size_t>(group.size()));
  Stream stream = Stream::cpu(1);
  group.all_gather(tensor_of(&lowest, {1}), tensor_of(all.data(), {std::ssize(all)}), stream);
  std::map<std::int64_t, int> number_of;  // by lowest rank
  for (const std::int64_t first : all) number_of.emplace(first, 0);
  int next = 0;
  for (auto& [first, number] : number_of) number = next++;
  topology.ranks.resize(number_of.size());
  for (int rank = 0; rank < group.size(); ++rank) {
    const int node = number_of.at(all[static_cast<std::size_t>(rank)]);
    topology.node_of.push_back(node);
    topology.ranks[static_cast<std::size_t>(node)].push_back(rank);
  }
  topology.my_node = topology.node_of[static_cast<std::size_t>(group.rank())];
  return topology;
}

}  // namespace switchyard
