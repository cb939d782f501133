// WordCache: the ids of words that were met lately.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace switchyard::hub {

class WordCache {
 public:
  // True and appends the ids, if they are known.
  bool find(std::string_view word, std::vector<std::int32_t>& ids) const {
    if (word.size() > longest_word) return false;
    const Slot& slot = slots_[place_of(word)];
    if (slot.num_bytes != word.size() || slot.num_ids == 0 ||
        std::memcmp(slot.bytes.data(), word.data(), word.size()) != 0) {
      return false;
    }
    ids.insert(ids.end(), slot.ids.begin(), slot.ids.begin() + slot.num_ids);
    return true;
  }

  void keep(std::string_view word, std::span<const std::int32_t> ids) {
    if (word.size() > longest_word || ids.empty() || ids.size() > most_ids) return;
    Slot& slot = slots_[place_of(word)];
    slot.num_bytes = static_cast<std::uint8_t>(word.size());
    slot.num_ids = static_cast<std::uint8_t>(ids.size());
    std::memcpy(slot.bytes.data(), word.data(), word.size());
    std::copy(ids.begin(), ids.end(), slot.ids.begin());
  }

 private:
  static constexpr std::size_t longest_word = 30, most_ids = 8, num_slots = std::size_t{1} << 16;

  struct alignas(64) Slot {  // one line of the processor's cache
    std::uint8_t num_bytes = 0, num_ids = 0;
    std::array<char, longest_word> bytes{};
    std::array<std::int32_t, most_ids> ids{};
  };

  static std::size_t place_of(std::string_view word) {
    return std::hash<std::string_view>{}(word) & (num_slots - 1);
  }

  std::vector<Slot> slots_ = std::vector<Slot>(num_slots);
};

}  // namespace switchyard::hub
