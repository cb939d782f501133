// Placement: which ranks of an expert group host which experts, and in which slots. The only place
// that knows.
#pragma once

#include <span>
#include <vector>

namespace switchyard {

// A copy is one expert in one slot of one rank. Copies are numbered by rank, then by slot; the
// first of an expert's copies is its owner's. An expert has a copy on a rank at most once.
class Placement {
 public:
  // Experts stand in order, and from the start again while there are slots left; ranks have as many
  // slots as they divide, the first num_copies % num_ranks one more.
  Placement(int num_experts, int num_ranks, int num_copies);
  Placement(int num_experts, int num_ranks) : Placement(num_experts, num_ranks, num_experts) {}
  // hosted[rank]: the experts in its slots. Errors: Exit::internal if an expert is nowhere, or
  // twice on a rank.
  Placement(int num_experts, const std::vector<std::vector<int>>& hosted);

  // The most slots of `wanted` that can be filled: no rank needs an expert twice.
  static int largest_num_copies(int num_experts, int num_ranks, int wanted);

  int num_experts() const { return static_cast<int>(first_of_expert_.size()) - 1; }
  int num_ranks() const { return static_cast<int>(first_of_rank_.size()) - 1; }
  int num_copies() const { return static_cast<int>(expert_of_.size()); }

  int first_copy(int rank) const;  // of a rank's slots, which are consecutive
  int num_hosted(int rank) const { return first_copy(rank + 1) - first_copy(rank); }  // may be 0
  std::span<const int> hosted(int rank) const;  // experts, by slot

  std::span<const int> copies(int expert) const;  // ascending
  int rank_of(int copy) const { return rank_of_[static_cast<std::size_t>(copy)]; }
  int slot_of(int copy) const { return copy - first_copy(rank_of(copy)); }
  bool is_owner(int copy) const;

  // The copy that computes what the tokens of rank `source` want of an expert: a rank's own where
  // it has one; other ranks are dealt out evenly. So all rows of one (expert, micro-batch) go to
  // one copy.
  int copy_for(int expert, int source) const;

  bool operator==(const Placement&) const = default;

 private:
  void index(int num_experts);

  std::vector<int> expert_of_, rank_of_;  // [copies]
  std::vector<int> first_of_rank_;        // [ranks + 1]: copies
  std::vector<int> first_of_expert_;      // [experts + 1]: places in by_expert_
  std::vector<int> by_expert_;            // [copies]
};

}  // namespace switchyard
