// Packing: experts in the slots of ranks while a placement is being looked for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard {

class Packing {
 public:
  // weight: [experts], the load of one copy. num_slots: [ranks].
  Packing(std::vector<double> weight, std::vector<int> num_slots);

  const std::vector<std::vector<int>>& hosted() const { return hosted_; }
  double weight_of(int expert) const { return weight_[static_cast<std::size_t>(expert)]; }
  double heaviest() const;  // of the ranks' weights

  void add(int rank, int expert);
  // The heaviest experts first, each to the lightest of `ranks` that has a slot free and not this
  // expert yet. Requires: as many slots on `ranks` as experts, none of them more often than there
  // are ranks.
  void add_balanced(std::vector<int> experts, std::span<const int> ranks);
  // Exchanges pairs of experts between the heaviest rank and another one that `may_exchange` with
  // it, the best pair first, while that makes the heavier of the two lighter.
  void refine(const std::vector<int>& node_of, bool within_nodes);

 private:
  bool has(int rank, int expert) const;
  bool has_room(int rank) const;
  void put(int rank, int slot, int expert);
  void make_room(int expert, std::span<const int> ranks);
  bool exchange_best_pair(int rank, const std::vector<int>& node_of, bool within_nodes);

  std::vector<double> weight_;
  std::vector<int> num_slots_;
  std::vector<std::vector<int>> hosted_;
  std::vector<double> total_;  // [ranks]
};

}  // namespace switchyard
