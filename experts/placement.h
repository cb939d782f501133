// Placement: which ranks of an expert group host which experts, and in which slots. Nothing else
// knows.
#pragma once

#include <span>
#include <vector>

namespace switchyard {

// A replica is one expert in one slot of one rank. Replicas are numbered by rank, then by slot; the
// owner of an expert hosts the first of its replicas. A rank hosts an expert at most once.
class Placement {
 public:
  // Fills the slots with the experts in order, starting again from the first while slots are left.
  // Every rank has num_replicas / num_ranks slots, and the first num_replicas % num_ranks ranks one
  // more.
  Placement(int num_experts, int num_ranks, int num_replicas);
  Placement(int num_experts, int num_ranks) : Placement(num_experts, num_ranks, num_experts) {}
  // hosted[rank]: the experts in its slots. Errors: Exit::internal if an expert is on no rank, or
  // twice on one.
  Placement(int num_experts, const std::vector<std::vector<int>>& hosted);

  // The largest number of replicas, up to `wanted`, that fits: no rank hosts an expert twice.
  static int max_num_replicas(int num_experts, int num_ranks, int wanted);

  int num_experts() const { return static_cast<int>(first_of_expert_.size()) - 1; }
  int num_ranks() const { return static_cast<int>(first_of_rank_.size()) - 1; }
  int num_replicas() const { return static_cast<int>(expert_of_.size()); }

  int first_replica(int rank) const;  // those of a rank are consecutive
  int num_hosted(int rank) const { return first_replica(rank + 1) - first_replica(rank); }  // or 0
  std::span<const int> hosted(int rank) const;  // experts, by slot

  std::span<const int> replicas(int expert) const;  // ascending
  int rank_of(int replica) const { return rank_of_[static_cast<std::size_t>(replica)]; }
  int slot_of(int replica) const { return replica - first_replica(rank_of(replica)); }
  bool is_owner(int replica) const;

  // The replica that computes what the tokens of rank `source` want of an expert: a rank uses its
  // own replica if it has one; the other ranks are shared out evenly. So all rows of one (expert,
  // micro-batch) go to one replica.
  int replica_for(int expert, int source) const;

  bool operator==(const Placement&) const = default;

 private:
  void index(int num_experts);

  std::vector<int> expert_of_, rank_of_;  // [replicas]
  std::vector<int> first_of_rank_;        // [ranks + 1]: replicas
  std::vector<int> first_of_expert_;      // [experts + 1]: positions in by_expert_
  std::vector<int> by_expert_;            // [replicas]
};

}  // namespace switchyard
