#include "io/prepare/words/word_ngrams.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "io/prepare/words/text_lines.h"

namespace switchyard::prepare {
namespace {

std::uint64_t combined(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t product = (a + std::rotl(b, 23)) * 0xD6E8FEB86659FD93U;
  return product ^ (product >> 32);
}

std::uint64_t hash_of(std::string_view word) {
  std::uint64_t hash = word.size();
  for (std::size_t i = 0; i < word.size(); i += 8) {
    hash = combined(hash, first_bytes(word.substr(i)));
  }
  return hash;
}

}  // namespace

WordNgrams::WordNgrams(std::string_view text) {
  TextWords words(text);
  for (TextWord word; words.next(word);) {
    hashes_.push_back(hash_of(word.text));
    ends_.push_back(ends_.back() + word.characters);
  }
  starts_.resize(hashes_.size());
  std::iota(starts_.begin(), starts_.end(), 0U);
}

void WordNgrams::lengthen() {
  ++n_;
  std::size_t num_starts = 0;
  for (std::size_t i = 0; i + 1 < starts_.size(); ++i) {
    const std::uint32_t start = starts_[i];
    if (starts_[i + 1] != start + 1) continue;
    hashes_[start] = combined(hashes_[start], hashes_[start + 1]);
    starts_[num_starts++] = start;
  }
  starts_.resize(num_starts);
  drop_most_single();
  group();
}

// Two bits for each of 8 hash values per n-gram say whether it came, and came again. They fit the
// cache where the table of group() would not, and leave it little to do.
void WordNgrams::drop_most_single() {
  const std::size_t num_words = std::bit_ceil(starts_.size() / 8 + 1);
  const int shift = 64 - std::countr_zero(64 * num_words);
  struct Bits {
    std::uint64_t once = 0, again = 0;
  };
  std::vector<Bits> came(num_words);
  for (const std::uint32_t start : starts_) {
    const std::uint64_t place = hashes_[start] >> shift;
    Bits& bits = came[place / 64];
    const std::uint64_t bit = std::uint64_t{1} << (place % 64);
    bits.again |= bits.once & bit;
    bits.once |= bit;
  }
  std::size_t num_starts = 0;
  for (const std::uint32_t start : starts_) {
    const std::uint64_t place = hashes_[start] >> shift;
    starts_[num_starts] = start;
    num_starts += came[place / 64].again >> (place % 64) & 1;
  }
  starts_.resize(num_starts);
}

void WordNgrams::group() {
  numbers_.clear();
  counts_.clear();
  groups_.clear();
  for (const std::uint32_t start : starts_) {
    const std::uint32_t group = numbers_.insert(hashes_[start]);
    if (group == counts_.size()) counts_.push_back(0);
    ++counts_[group];
    groups_.push_back(group);
  }
  std::size_t num_repeated = 0;
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    if (counts_[groups_[i]] < 2) continue;
    starts_[num_repeated] = starts_[i];
    groups_[num_repeated++] = groups_[i];
  }
  starts_.resize(num_repeated);
  groups_.resize(num_repeated);
}

std::int64_t WordNgrams::top_characters() const {
  if (num_words() < n_) return 0;
  std::uint32_t start = 0, count = 1;
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    if (counts_[groups_[i]] <= count) continue;
    count = counts_[groups_[i]];
    start = starts_[i];
  }
  return (characters_at(start) + n_ - 1) * count;
}

std::int64_t WordNgrams::repeated_characters() const {
  std::vector<bool> came(counts_.size());
  std::int64_t characters = 0;
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    if (starts_[i] < next) continue;
    if (came[groups_[i]]) {
      characters += characters_at(starts_[i]);
      next = starts_[i] + n_;
    }
    came[groups_[i]] = true;
  }
  return characters;
}

}  // namespace switchyard::prepare
