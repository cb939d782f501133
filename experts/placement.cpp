#include "experts/placement.h"

#include <algorithm>
#include <numeric>

#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard {
Placement::Placement(int num_experts, int num_ranks, int num_replicas) {
  require(num_experts >= 1 && num_ranks >= 1, "placing {} experts on {} ranks", num_experts,
          num_ranks);
  const int each = num_replicas / num_ranks, with_one_more = num_replicas % num_ranks;
  for (int rank = 0; rank <= num_ranks; ++rank)
    first_of_rank_.push_back(rank * each + std::min(rank, with_one_more));
  for (int replica = 0; replica < num_replicas; ++replica)
    expert_of_.push_back(replica % num_experts);
  index(num_experts);
}

Placement::Placement(int num_experts, const std::vector<std::vector<int>>& hosted) {
  first_of_rank_.push_back(0);
  for (const std::vector<int>& experts : hosted) {
    expert_of_.insert(expert_of_.end(), experts.begin(), experts.end());
    first_of_rank_.push_back(num_replicas());
  }
  index(num_experts);
}

int Placement::max_num_replicas(int num_experts, int num_ranks, int wanted) {
  return static_cast<int>(std::min<long>(wanted, long{num_experts} * num_ranks));
}

void Placement::index(int num_experts) {
  rank_of_.resize(expert_of_.size());
  for (int rank = 0; rank < num_ranks(); ++rank)
    std::fill(rank_of_.begin() + first_replica(rank), rank_of_.begin() + first_replica(rank + 1),
              rank);
  first_of_expert_.assign(to_index(num_experts) + 1, 0);
  for (const int expert : expert_of_) {
    require(expert >= 0 && expert < num_experts, "expert {} of {}", expert, num_experts);
    ++first_of_expert_[to_index(expert) + 1];
  }
  std::partial_sum(first_of_expert_.begin(), first_of_expert_.end(), first_of_expert_.begin());
  by_expert_.resize(expert_of_.size());
  std::vector<int> next = first_of_expert_;
  for (int replica = 0; replica < num_replicas(); ++replica)
    by_expert_[to_index(next[to_index(expert_of_[to_index(replica)])]++)] = replica;
  for (int expert = 0; expert < num_experts; ++expert) {
    const std::span<const int> mine = replicas(expert);
    require(!mine.empty(), "expert {} is on no rank", expert);
    for (std::size_t i = 1; i < mine.size(); ++i) {
      require(rank_of(mine[i - 1]) != rank_of(mine[i]), "expert {} is twice on rank {}", expert,
              rank_of(mine[i]));
    }
  }
}

int Placement::first_replica(int rank) const { return first_of_rank_[to_index(rank)]; }

std::span<const int> Placement::hosted(int rank) const {
  return std::span(expert_of_).subspan(to_index(first_replica(rank)), to_index(num_hosted(rank)));
}

std::span<const int> Placement::replicas(int expert) const {
  require(expert >= 0 && expert < num_experts(), "expert {} of {}", expert, num_experts());
  const int first = first_of_expert_[to_index(expert)];
  return std::span(by_expert_)
      .subspan(to_index(first), to_index(first_of_expert_[to_index(expert) + 1] - first));
}

bool Placement::is_owner(int replica) const {
  return replicas(expert_of_[to_index(replica)]).front() == replica;
}

int Placement::replica_for(int expert, int source) const {
  const std::span<const int> all = replicas(expert);
  const int count = static_cast<int>(all.size());
  if (count == 1) return all[0];
  int before = 0;  // replicas on lower ranks
  while (before < count && rank_of(all[to_index(before)]) < source) ++before;
  if (before < count && rank_of(all[to_index(before)]) == source) return all[to_index(before)];
  const long position = source - before;  // among the ranks without a replica
  return all[to_index(static_cast<int>(position * count / (num_ranks() - count)))];
}

}  // namespace switchyard
