#include "experts/kept_in_place.h"

#include <algorithm>
#include <span>

#include "runtime/comm/counts.h"

namespace switchyard {
namespace {

// Whether two ranks may swap all they host.
struct MaySwap {
  const Placement& now;
  const std::vector<int>& node_of;
  bool operator()(int a, int b) const {
    return node_of[to_index(a)] == node_of[to_index(b)] && now.num_hosted(a) == now.num_hosted(b);
  }
};

// How many experts packed for rank `from` rank `to` hosts already.
struct InCommon {
  std::ptrdiff_t num_experts;
  int from, to;
};

std::vector<InCommon> most_in_common_first(const std::vector<std::vector<int>>& hosted,
                                           const MaySwap& may_swap) {
  std::vector<InCommon> pairs;
  for (int from = 0; from < may_swap.now.num_ranks(); ++from) {
    std::vector<int> ranks;  // one entry per expert that they have in common
    for (const int expert : hosted[to_index(from)]) {
      for (const int replica : may_swap.now.replicas(expert)) {
        if (may_swap(from, may_swap.now.rank_of(replica)))
          ranks.push_back(may_swap.now.rank_of(replica));
      }
    }
    std::sort(ranks.begin(), ranks.end());
    for (auto it = ranks.begin(); it != ranks.end();) {
      const auto end = std::upper_bound(it, ranks.end(), *it);
      pairs.push_back({end - it, from, *it});
      it = end;
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const InCommon& a, const InCommon& b) {
    return a.num_experts > b.num_experts;
  });
  return pairs;
}

// Returns, for each packed rank, the rank that takes its experts.
std::vector<int> matched_ranks(const std::vector<std::vector<int>>& hosted,
                               const MaySwap& may_swap) {
  const int num_ranks = may_swap.now.num_ranks();
  std::vector<int> to_of(to_index(num_ranks), -1);
  std::vector<bool> taken(to_index(num_ranks), false);
  const auto match = [&](int from, int to) {
    if (to_of[to_index(from)] >= 0 || taken[to_index(to)]) return;
    to_of[to_index(from)] = to;
    taken[to_index(to)] = true;
  };
  for (const InCommon& pair : most_in_common_first(hosted, may_swap)) match(pair.from, pair.to);
  for (int from = 0; from < num_ranks; ++from) {
    for (int to = 0; to < num_ranks && to_of[to_index(from)] < 0; ++to) {
      if (may_swap(from, to)) match(from, to);
    }
  }
  return to_of;
}

// Returns the experts of a rank by slot: those that stay keep their slots, the others take the
// rest.
std::vector<int> kept_in_slots(const std::vector<int>& experts, std::span<const int> before) {
  std::vector<int> slots(before.size(), -1);
  std::vector<int> arriving;
  for (const int expert : experts) {
    const auto found = std::find(before.begin(), before.end(), expert);
    if (found == before.end()) {
      arriving.push_back(expert);
    } else {
      slots[static_cast<std::size_t>(found - before.begin())] = expert;
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
