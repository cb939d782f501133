// NgramIndex: word n-grams of some texts, found again in others.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "io/prepare/words/numbered_keys.h"
#include "io/prepare/words/words.h"

namespace switchyard::prepare {

// Some 30 bytes for each n-gram. N-grams are 64-bit hashes and are taken for equal if these are:
// against a million n-grams that goes wrong for one in 10^13 words.
class NgramIndex {
 public:
  // shortest: how many words an n-gram has at least.
  explicit NgramIndex(std::size_t shortest) : shortest_(shortest) {}

  // All of `words` as one n-gram; equal ones get the same number, from 0 on.
  std::uint32_t insert(std::span<const Word> words);

  struct Match {
    std::uint32_t begin, end;  // words
    std::uint32_t number;

    auto operator<=>(const Match&) const = default;
  };
  // In ascending order. words: of `text`. No match crosses a form feed, which marks a cut: the
  // words on its sides were never neighbours.
  std::vector<Match> find(std::string_view text, std::span<const Word> words) const;

  std::uint32_t size() const { return numbers_.size(); }
  const std::vector<std::uint64_t>& keys() const { return numbers_.keys(); }

 private:
  // A Bloom filter of what the n-grams start with: `shortest` words set three bits of one of its
  // elements. It fits the cache where the table of numbers does not, and nearly every word of a
  // clean text gets no further, however many lengths there are.
  struct Place {
    std::size_t element = 0;
    std::uint64_t bits = 0;
  };
  Place place_of(std::uint64_t key) const;
  void mark(std::uint64_t key);
  void find_at(std::size_t begin, std::span<const Word> words, std::vector<Match>& matches) const;

  std::size_t shortest_;
  std::vector<std::size_t> lengths_;  // that occur
  NumberedKeys numbers_;
  std::vector<std::uint64_t> starts_;  // keys
  std::vector<std::uint64_t> filter_ = std::vector<std::uint64_t>(64);
};

}  // namespace switchyard::prepare
