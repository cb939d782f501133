#include "experts/kept_in_place.h"

#include <algorithm>
#include <span>

#include "runtime/comm/counts.h"

namespace switchyard {
namespace {

// Ranks between which a whole hosting may move.
struct Alike {
  const Placement& now;
  const std::vector<int>& node_of;
  bool operator()(int a, int b) const {
    return node_of[to_index(a)] == node_of[to_index(b)] && now.num_hosted(a) == now.num_hosted(b);
  }
};

// What is packed for `from` has so many experts in common with what `to` hosts.
struct InCommon {
  std::ptrdiff_t experts;
  int from, to;
};

std::vector<InCommon> most_in_common_first(const std::vector<std::vector<int>>& hosted,
                                           const Alike& alike) {
  std::vector<InCommon> pairs;
  for (int from = 0; from < alike.now.num_ranks(); ++from) {
    std::vector<int> ranks;  // one entry per expert that they have in common
    for (const int expert : hosted[to_index(from)]) {
      for (const int copy : alike.now.copies(expert)) {
        if (alike(from, alike.now.rank_of(copy))) ranks.push_back(alike.now.rank_of(copy));
      }
    }
    std::sort(ranks.begin(), ranks.end());
    for (auto it = ranks.begin(); it != ranks.end();) {
      const auto end = std::upper_bound(it, ranks.end(), *it);
      pairs.push_back({end - it, from, *it});
      it = end;
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const InCommon& a, const InCommon& b) { return a.experts > b.experts; });
  return pairs;
}

// Which rank takes what was packed for which.
std::vector<int> matched_ranks(const std::vector<std::vector<int>>& hosted, const Alike& alike) {
  const int num_ranks = alike.now.num_ranks();
  std::vector<int> to_of(to_index(num_ranks), -1);
  std::vector<bool> taken(to_index(num_ranks), false);
  const auto match = [&](int from, int to) {
    if (to_of[to_index(from)] >= 0 || taken[to_index(to)]) return;
    to_of[to_index(from)] = to;
    taken[to_index(to)] = true;
  };
  for (const InCommon& pair : most_in_common_first(hosted, alike)) match(pair.from, pair.to);
  for (int from = 0; from < num_ranks; ++from) {
    for (int to = 0; to < num_ranks && to_of[to_index(from)] < 0; ++to) {
      if (alike(from, to)) match(from, to);
    }
  }
  return to_of;
}

// The experts of a rank in slots: those that stay where they stand, the others in what is left.
std::vector<int> kept_in_slots(const std::vector<int>& experts, std::span<const int> before) {
  std::vector<int> slots(before.size(), -1);
  std::vector<int> arriving;
  for (const int expert : experts) {
    const auto place = std::find(before.begin(), before.end(), expert);
    if (place == before.end()) {
      arriving.push_back(expert);
    } else {
      slots[static_cast<std::size_t>(place - before.begin())] = expert;
    }
  }
  auto next = arriving.begin();
  for (int& slot : slots) {
    if (slot < 0) slot = *next++;
  }
  return slots;
}

}  // namespace

Placement kept_in_place(const std::vector<std::vector<int>>& hosted, const Placement& now,
                        const std::vector<int>& node_of) {
  const std::vector<int> to_of = matched_ranks(hosted, {now, node_of});
  std::vector<std::vector<int>> kept(hosted.size());
  for (std::size_t from = 0; from < hosted.size(); ++from)
    kept[to_index(to_of[from])] = kept_in_slots(hosted[from], now.hosted(to_of[from]));
  return {now.num_experts(), kept};
}

}  // namespace switchyard
