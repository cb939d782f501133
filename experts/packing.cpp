#include "experts/packing.h"

#include <algorithm>

#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard {

Packing::Packing(std::vector<double> weight, std::vector<int> num_slots)
    : weight_(std::move(weight)),
      num_slots_(std::move(num_slots)),
      hosted_(num_slots_.size()),
      total_(num_slots_.size(), 0.0) {}

double Packing::max_weight() const { return *std::max_element(total_.begin(), total_.end()); }

bool Packing::has(int rank, int expert) const {
  const std::vector<int>& mine = hosted_[to_index(rank)];
  return std::find(mine.begin(), mine.end(), expert) != mine.end();
}

bool Packing::has_free_slot(int rank) const {
  return static_cast<int>(hosted_[to_index(rank)].size()) < num_slots_[to_index(rank)];
}

void Packing::add(int rank, int expert) {
  hosted_[to_index(rank)].push_back(expert);
  total_[to_index(rank)] += weight_of(expert);
}

void Packing::replace(int rank, int slot, int expert) {
  int& old = hosted_[to_index(rank)][to_index(slot)];
  total_[to_index(rank)] += weight_of(expert) - weight_of(old);
  old = expert;
}

void Packing::add_balanced(std::vector<int> experts, std::span<const int> ranks) {
  std::stable_sort(experts.begin(), experts.end(),
                   [&](int a, int b) { return weight_of(a) > weight_of(b); });
  for (const int expert : experts) {
    int best = -1;
    const auto choose = [&] {
      for (const int rank : ranks) {
        const bool fits = has_free_slot(rank) && !has(rank, expert);
        if (fits && (best < 0 || total_[to_index(rank)] < total_[to_index(best)])) best = rank;
      }
    };
    choose();
    if (best < 0) free_slot_for(expert, ranks);
    if (best < 0) choose();
    require(best >= 0, "there is no slot for expert {}", expert);
    add(best, expert);
  }
}

// All free slots are on ranks that host the expert already: one of these takes another expert from
// a full rank that does not host this one.
void Packing::free_slot_for(int expert, std::span<const int> ranks) {
  for (const int free : ranks) {
    if (!has_free_slot(free)) continue;
    for (const int full : ranks) {
      if (full == free || has(full, expert)) continue;
      std::vector<int>& theirs = hosted_[to_index(full)];
      const auto moved =
          std::find_if(theirs.begin(), theirs.end(), [&](int e) { return !has(free, e); });
      if (moved == theirs.end()) continue;
      add(free, *moved);
      total_[to_index(full)] -= weight_of(*moved);
      theirs.erase(moved);
      return;
    }
  }
}

void Packing::refine(const std::vector<int>& node_of, bool within_nodes) {
  int exchanges_left = 0;
  for (const std::vector<int>& mine : hosted_) exchanges_left += static_cast<int>(mine.size());
  for (; exchanges_left > 0; --exchanges_left) {
    const auto heaviest = std::max_element(total_.begin(), total_.end());
    if (!exchange_best_pair(static_cast<int>(heaviest - total_.begin()), node_of, within_nodes))
      return;
  }
}

bool Packing::exchange_best_pair(int rank, const std::vector<int>& node_of, bool within_nodes) {
  const std::vector<int>& mine = hosted_[to_index(rank)];
  const double my_total = total_[to_index(rank)];
  double min_heavier = my_total * (1.0 - 1e-9);  // a smaller gain may be rounding
  int best_slot = -1, best_rank = -1, best_other_slot = -1;
  for (int other = 0; other < static_cast<int>(hosted_.size()); ++other) {
    if (other == rank || (within_nodes && node_of[to_index(other)] != node_of[to_index(rank)]))
      continue;
    const std::vector<int>& theirs = hosted_[to_index(other)];
    const double their_total = total_[to_index(other)];
    for (std::size_t i = 0; i < mine.size(); ++i) {
      for (std::size_t j = 0; j < theirs.size(); ++j) {
        const double moved = weight_of(mine[i]) - weight_of(theirs[j]);
        const double heavier = std::max(my_total - moved, their_total + moved);
        if (heavier >= min_heavier || has(other, mine[i]) || has(rank, theirs[j])) continue;
        min_heavier = heavier;
        best_slot = static_cast<int>(i);
        best_rank = other;
        best_other_slot = static_cast<int>(j);
      }
    }
  }
  if (best_rank < 0) return false;
  const int given = mine[to_index(best_slot)];
  replace(rank, best_slot, hosted_[to_index(best_rank)][to_index(best_other_slot)]);
  replace(best_rank, best_other_slot, given);
  return true;
}

}  // namespace switchyard
