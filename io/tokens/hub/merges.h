// Merges: which two tokens become one, and the merging of a word (byte-pair encoding: Sennrich,
// Haddow and Birch 2016).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace switchyard::hub {

class Merges {
 public:
  struct Merge {
    std::uint32_t rank;   // the lowest merges first
    std::int32_t result;  // id
  };

  // Later merges of the same two replace earlier ones.
  void add(std::int32_t left, std::int32_t right, Merge merge);
  // Merges neighbours until none can be: always the pair of the lowest rank, the leftmost of those.
  // Time: linear in tokens.size() times the logarithm of the number of ranks that occur.
  void apply(std::vector<std::int32_t>& tokens) const;

 private:
  struct Slot {
    std::uint64_t pair;
    Merge merge;
  };

  const Merge* find(std::int32_t left, std::int32_t right) const;
  std::size_t slot_of(std::uint64_t pair) const;
  void apply_to_few(std::vector<std::int32_t>& tokens) const;
  void apply_to_many(std::vector<std::int32_t>& tokens) const;

  std::vector<Slot> slots_;  // by hash, a power of two of them
  std::size_t size_ = 0;
};

}  // namespace switchyard::hub
