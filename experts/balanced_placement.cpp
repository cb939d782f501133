#include "experts/balanced_placement.h"

#include <algorithm>
#include <numeric>
#include <queue>

#include "experts/kept_in_place.h"
#include "experts/packing.h"
#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// A placement that starts from the present one may have a maximum load this much above a new one's.
constexpr double tolerance = 1.01;

// The ranks of a node, and the experts placed there.
struct Node {
  std::vector<int> ranks, experts;
  int num_slots = 0, max_slots = 0;
  double load = 0.0;
};

std::vector<Node> nodes_of(const Placement& now, const std::vector<int>& node_of) {
  std::vector<Node> nodes(to_index(*std::max_element(node_of.begin(), node_of.end())) + 1);
  for (int rank = 0; rank < now.num_ranks(); ++rank) {
    Node& node = nodes[to_index(node_of[to_index(rank)])];
    node.ranks.push_back(rank);
    node.num_slots += now.num_hosted(rank);
    node.max_slots = std::max(node.max_slots, now.num_hosted(rank));
  }
  return nodes;
}

// Adds the busiest groups first, each to the least busy node with slots for it, as EPLB does.
// Returns false if a group fits nowhere, or if a rank has more slots than its node has experts.
bool add_groups(std::vector<std::vector<int>> groups, std::span<const std::int64_t> load,
                std::vector<Node>& nodes) {
  const auto load_of = [&](const std::vector<int>& group) {
    double sum = 0.0;
    for (const int expert : group) sum += static_cast<double>(load[to_index(expert)]);
    return sum;
  };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const auto& a, const auto& b) { return load_of(a) > load_of(b); });
  for (const std::vector<int>& group : groups) {
    Node* best = nullptr;
    for (Node& node : nodes) {
      const bool fits = std::ssize(node.experts) + std::ssize(group) <= node.num_slots;
      if (fits && (best == nullptr || node.load < best->load)) best = &node;
    }
    if (best == nullptr) return false;
    best->experts.insert(best->experts.end(), group.begin(), group.end());
    best->load += load_of(group);
  }
  return std::all_of(nodes.begin(), nodes.end(), [](const Node& node) {
    const auto experts = std::ssize(node.experts);
    return node.max_slots <= experts && node.num_slots <= experts * std::ssize(node.ranks);
  });
}

// Sets the number of replicas of each of the node's experts: every further slot goes to the expert
// whose replicas have the largest load.
void count_replicas(const Node& node, std::span<const std::int64_t> load,
                    std::vector<int>& replicas) {
  struct Next {
    double share;
    int expert;
    bool operator<(const Next& other) const {
      return share != other.share ? share < other.share : expert > other.expert;
    }
  };
  std::priority_queue<Next> busiest;
  const auto enqueue = [&](int expert) {
    if (replicas[to_index(expert)] == static_cast<int>(node.ranks.size())) return;
    busiest.push(
        {static_cast<double>(load[to_index(expert)]) / replicas[to_index(expert)], expert});
  };
  for (const int expert : node.experts) {
    replicas[to_index(expert)] = 1;
    enqueue(expert);
  }
  for (auto left = node.num_slots - std::ssize(node.experts); left > 0; --left) {
    const int expert = busiest.top().expert;
    busiest.pop();
    ++replicas[to_index(expert)];
    enqueue(expert);
  }
}

std::vector<double> weights_of(std::span<const std::int64_t> load,
                               const std::vector<int>& replicas) {
  std::vector<double> weights;
  for (std::size_t e = 0; e < load.size(); ++e)
    weights.push_back(static_cast<double>(load[e]) / replicas[e]);
  return weights;
}

std::vector<int> slots_of(const Placement& placement) {
  std::vector<int> slots;
  for (int rank = 0; rank < placement.num_ranks(); ++rank)
    slots.push_back(placement.num_hosted(rank));
  return slots;
}

std::vector<int> replica_counts(const Placement& placement) {
  std::vector<int> replicas;
  for (int expert = 0; expert < placement.num_experts(); ++expert)
    replicas.push_back(static_cast<int>(placement.replicas(expert).size()));
  return replicas;
}

// Starts from nothing: counts the replicas, then packs them node by node.
Packing packed_anew(const Placement& now, std::span<const std::int64_t> load,
                    const std::vector<Node>& nodes, const std::vector<int>& node_of) {
  std::vector<int> replicas(load.size());
  for (const Node& node : nodes) count_replicas(node, load, replicas);
  Packing packing(weights_of(load, replicas), slots_of(now));
  for (const Node& node : nodes) {
    std::vector<int> experts;
    for (const int expert : node.experts)
      experts.insert(experts.end(), to_index(replicas[to_index(expert)]), expert);
    packing.add_balanced(std::move(experts), node.ranks);
  }
  packing.refine(node_of, true);
  return packing;
}

// Starts from the present placement and only exchanges experts.
Packing packed_from(const Placement& now, std::span<const std::int64_t> load,
                    const std::vector<int>& node_of) {
  Packing packing(weights_of(load, replica_counts(now)), slots_of(now));
  for (int rank = 0; rank < now.num_ranks(); ++rank) {
    for (const int expert : now.hosted(rank)) packing.add(rank, expert);
  }
  packing.refine(node_of, true);
  return packing;
}

// Whether no group is on two nodes at present.
bool keeps_groups(const Placement& now, const PlacementConstraints& constraints) {
  for (const std::vector<int>& group : constraints.groups) {
    const int node =
        constraints.node_of[to_index(now.rank_of(now.replicas(group.front()).front()))];
    for (const int expert : group) {
      for (const int replica : now.replicas(expert)) {
        if (constraints.node_of[to_index(now.rank_of(replica))] != node) return false;
      }
    }
  }
  return true;
}

}  // namespace

double predicted_max_over_mean(const Placement& placement, std::span<const std::int64_t> load) {
  const std::vector<double> weight = weights_of(load, replica_counts(placement));
  double max = 0.0, sum = 0.0;
  for (int rank = 0; rank < placement.num_ranks(); ++rank) {
    double total = 0.0;
    for (const int expert : placement.hosted(rank)) total += weight[to_index(expert)];
    max = std::max(max, total);
    sum += total;
  }
  return sum == 0.0 ? 1.0 : max * placement.num_ranks() / sum;
}

Placement balanced_placement(const Placement& now, std::span<const std::int64_t> load,
                             const PlacementConstraints& constraints) {
  require(
      std::ssize(load) == now.num_experts() && std::ssize(constraints.node_of) == now.num_ranks(),
      "loads of {} experts and nodes of {} ranks for {} experts on {} ranks", load.size(),
      constraints.node_of.size(), now.num_experts(), now.num_ranks());
  std::vector<int> node_of = constraints.node_of;
  std::vector<Node> nodes = nodes_of(now, node_of);
  const bool grouped = !constraints.groups.empty() && nodes.size() > 1 &&
                       add_groups(constraints.groups, load, nodes);
  if (!grouped) {  // all ranks count as one node
    std::fill(node_of.begin(), node_of.end(), 0);
    nodes = nodes_of(now, node_of);
    nodes[0].experts.resize(load.size());
    std::iota(nodes[0].experts.begin(), nodes[0].experts.end(), 0);
  }
  const Packing anew = packed_anew(now, load, nodes, node_of);
  if (!grouped || keeps_groups(now, constraints)) {
    const Packing near = packed_from(now, load, node_of);
    if (near.max_weight() <= tolerance * anew.max_weight())
      return kept_in_place(near.hosted(), now, node_of);
  }
  return kept_in_place(anew.hosted(), now, node_of);
}

}  // namespace switchyard
