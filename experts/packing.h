// Packing: experts in the slots of ranks, while a placement is being searched.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard {

class Packing {
 public:
  // weight: [experts], the load of one replica. num_slots: [ranks].
  Packing(std::vector<double> weight, std::vector<int> num_slots);

  const std::vector<std::vector<int>>& hosted() const { return hosted_; }
  double weight_of(int expert) const { return weight_[static_cast<std::size_t>(expert)]; }
  double max_weight() const;  // over the ranks

  void add(int rank, int expert);
  // Adds the heaviest experts first, each to the lightest of `ranks` that has a free slot and does
  // not host the expert yet. Requires as many slots on `ranks` as experts; no expert may occur more
  // often than there are ranks.
  void add_balanced(std::vector<int> experts, std::span<const int> ranks);
  // Exchanges pairs of experts between the heaviest rank and another one, of its node if
  // within_nodes, the best pair first, while that lowers the larger weight of the two.
  void refine(const std::vector<int>& node_of, bool within_nodes);

 private:
  bool has(int rank, int expert) const;
  bool has_free_slot(int rank) const;
  void replace(int rank, int slot, int expert);
  void free_slot_for(int expert, std::span<const int> ranks);
  bool exchange_best_pair(int rank, const std::vector<int>& node_of, bool within_nodes);

  std::vector<double> weight_;
  std::vector<int> num_slots_;
  std::vector<std::vector<int>> hosted_;
  std::vector<double> total_;  // [ranks]
};

}  // namespace switchyard
