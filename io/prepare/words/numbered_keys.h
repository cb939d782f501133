// NumberedKeys: distinct 64-bit keys, numbered in the order in which they first come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace switchyard::prepare {

// An open-addressing table of 16 to 24 bytes for each distinct key. Keys are hashes of 64 bits:
// what has the same key counts as the same, which for a million distinct things goes wrong once
// in some 40 million documents, so nothing behind the key is compared. At most 2^31 keys.
class NumberedKeys {
 public:
  // The key's number: size() as it was before if the key is new.
  std::uint32_t insert(std::uint64_t key) {
    if (2 * keys_.size() >= slots_.size()) grow();
    std::uint32_t& slot = slots_[place_of(key)];
    if (slot == free_slot) {
      slot = static_cast<std::uint32_t>(keys_.size());
      keys_.push_back(key);
    }
    return slot;
  }

  std::optional<std::uint32_t> find(std::uint64_t key) const {
    const std::uint32_t slot = slots_[place_of(key)];
    return slot == free_slot ? std::nullopt : std::optional(slot);
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(keys_.size()); }
  const std::vector<std::uint64_t>& keys() const { return keys_; }  // by number
  void clear();                                                     // keeps the memory

 private:
  static constexpr std::uint32_t free_slot = ~std::uint32_t{0};

  // The slot that holds the key, else the free one where it belongs. Fibonacci hashing: the top
  // bits of the product depend on every bit of the key.
  std::size_t place_of(std::uint64_t key) const {
    std::size_t place = (key * 0x9E3779B97F4A7C15U) >> shift_;
    while (slots_[place] != free_slot && keys_[slots_[place]] != key) {
      place = (place + 1) & (slots_.size() - 1);
    }
    return place;
  }

  void grow();

  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(16, free_slot);  // a power of two
  int shift_ = 64 - 4;
};

}  // namespace switchyard::prepare
