#include "io/tokens/hub/merges.h"

#include <algorithm>
#include <map>

namespace switchyard::hub {
namespace {

constexpr std::uint64_t no_pair = ~std::uint64_t{0};
constexpr std::uint32_t no_rank = ~std::uint32_t{0};

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
  return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

std::size_t Merges::slot_of(std::uint64_t pair) const {
  const std::uint64_t mixed = pair * 0x9E3779B97F4A7C15U;
  std::size_t slot = (mixed ^ (mixed >> 32)) & (slots_.size() - 1);
  while (slots_[slot].pair != pair && slots_[slot].pair != no_pair)
    slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

void Merges::add(std::int32_t left, std::int32_t right, Merge merge) {
  if (2 * (size_ + 1) > slots_.size()) {
    std::vector<Slot> old(std::max<std::size_t>(64, 2 * slots_.size()), Slot{no_pair, {0, 0}});
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.pair != no_pair) slots_[slot_of(slot.pair)] = slot;
    }
  }
  Slot& slot = slots_[slot_of(pair_of(left, right))];
  if (slot.pair == no_pair) ++size_;
  slot = {pair_of(left, right), merge};
}

const Merges::Merge* Merges::find(std::int32_t left, std::int32_t right) const {
  if (slots_.empty()) return nullptr;
  const Slot& slot = slots_[slot_of(pair_of(left, right))];
  return slot.pair == no_pair ? nullptr : &slot.merge;
}

void Merges::apply(std::vector<std::int32_t>& tokens) const {
  constexpr std::size_t few = 48;  // quicker than the other up to about here
  if (tokens.size() <= few) {
    apply_to_few(tokens);
  } else {
    apply_to_many(tokens);
  }
}

// Looks at all pairs for each merge.
void Merges::apply_to_few(std::vector<std::int32_t>& tokens) const {
  std::size_t size = tokens.size();
  if (size < 2) return;
  std::vector<Merge> merges(size);  // of each token with the next
  const auto look_up = [&](std::size_t i) {
    const Merge* merge = i + 1 < size ? find(tokens[i], tokens[i + 1]) : nullptr;
    merges[i] = merge != nullptr ? *merge : Merge{no_rank, 0};
  };
  for (std::size_t i = 0; i < size; ++i) look_up(i);
  for (;;) {
    const auto lowest =
        std::min_element(merges.begin(), merges.begin() + static_cast<std::ptrdiff_t>(size),
                         [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
    if (lowest->rank == no_rank) break;
    const auto i = static_cast<std::size_t>(lowest - merges.begin());
    tokens[i] = lowest->result;
    std::copy(tokens.begin() + static_cast<std::ptrdiff_t>(i + 2),
              tokens.begin() + static_cast<std::ptrdiff_t>(size),
              tokens.begin() + static_cast<std::ptrdiff_t>(i + 1));
    std::copy(merges.begin() + static_cast<std::ptrdiff_t>(i + 2),
              merges.begin() + static_cast<std::ptrdiff_t>(size),
              merges.begin() + static_cast<std::ptrdiff_t>(i + 1));
    --size;
    look_up(i);
    if (i > 0) look_up(i - 1);
  }
  tokens.resize(size);
}

// Keeps the places of each rank together, so that a pass over them goes through the word from left
// to right.
void Merges::apply_to_many(std::vector<std::int32_t>& tokens) const {
  constexpr std::int32_t gone = -1;
  const auto size = static_cast<std::uint32_t>(tokens.size());
  std::vector<std::uint32_t> previous(size), next(size);          // size: there is none
  std::map<std::uint32_t, std::vector<std::uint32_t>> places_of;  // left tokens, by rank
  auto last = places_of.end();
  std::uint32_t lowest = no_rank;  // of what push() was given since it was reset
  const auto push = [&](std::uint32_t place) {
    const Merge* merge = next[place] < size ? find(tokens[place], tokens[next[place]]) : nullptr;
    if (merge == nullptr) return;
    if (last == places_of.end() || last->first != merge->rank)
      last = places_of.try_emplace(merge->rank).first;
    last->second.push_back(place);
    lowest = std::min(lowest, merge->rank);
  };
  for (std::uint32_t i = 0; i < size; ++i) {
    previous[i] = i > 0 ? i - 1 : size;
    next[i] = i + 1;
  }
  for (std::uint32_t i = 0; i < size; ++i) push(i);
  while (!places_of.empty()) {
    auto node = places_of.extract(places_of.begin());
    last = places_of.end();
    const std::uint32_t rank = node.key();
    std::vector<std::uint32_t>& places = node.mapped();
    if (!std::is_sorted(places.begin(), places.end())) std::sort(places.begin(), places.end());
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::uint32_t place = places[i];
      if (tokens[place] == gone || next[place] == size) continue;
      const std::uint32_t right = next[place];
      const Merge* merge = find(tokens[place], tokens[right]);
      if (merge == nullptr || merge->rank != rank) continue;
      tokens[place] = merge->result;
      tokens[right] = gone;
      next[place] = next[right];
      if (next[place] < size) previous[next[place]] = place;
      lowest = no_rank;
      if (previous[place] < size) push(previous[place]);
      push(place);
      if (lowest >= rank || i + 1 == places.size()) continue;
      // A merge that a trained vocabulary does not have: of what this one made, and before it.
      places.erase(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(i + 1));
      auto& again = places_of[rank];
      again.insert(again.end(), places.begin(), places.end());
      break;
    }
  }
  tokens.erase(std::remove(tokens.begin(), tokens.end(), gone), tokens.end());
}

}  // namespace switchyard::hub
