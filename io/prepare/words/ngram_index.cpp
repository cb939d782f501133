#include "io/prepare/words/ngram_index.h"

#include <algorithm>
#include <array>
#include <bit>

#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

constexpr std::uint64_t base = 0x9FB21C651E98DF25U;
constexpr std::size_t ngrams_per_element = 4;
constexpr std::size_t starts_at_once = 32;  // whose memory is fetched together

std::uint64_t polynomial_of(std::span<const Word> words) {
  std::uint64_t sum = 0;
  for (const Word& word : words) sum = sum * base + word.hash;
  return sum;
}

std::uint64_t key_of(std::uint64_t polynomial, std::size_t length) {
  return (polynomial + length) * 0xD6E8FEB86659FD93U;
}

std::uint64_t key_of(std::span<const Word> words) {
  return key_of(polynomial_of(words), words.size());
}

}  // namespace

std::uint32_t NgramIndex::insert(std::span<const Word> words) {
  require(words.size() >= shortest_, "an n-gram of {} words for an index of at least {}",
          words.size(), shortest_);
  if (std::find(lengths_.begin(), lengths_.end(), words.size()) == lengths_.end()) {
    lengths_.push_back(words.size());
  }
  const std::uint32_t size_before = size();
  const std::uint32_t number = numbers_.insert(key_of(words));
  if (number == size_before) mark(key_of(words.first(shortest_)));
  return number;
}

NgramIndex::Place NgramIndex::place_of(std::uint64_t key) const {
  const int shift = 64 - std::countr_zero(filter_.size());
  return {key >> shift,
          std::uint64_t{1} << (key >> 20 & 63) | std::uint64_t{1} << (key >> 26 & 63)};
}

void NgramIndex::mark(std::uint64_t key) {
  starts_.push_back(key);
  std::span<const std::uint64_t> missing(&starts_.back(), 1);
  if (starts_.size() > ngrams_per_element * filter_.size()) {
    filter_.assign(2 * filter_.size(), 0);
    missing = starts_;
  }
  for (const std::uint64_t start : missing) {
    const Place place = place_of(start);
    filter_[place.element] |= place.bits;
  }
}

std::vector<NgramIndex::Match> NgramIndex::find(std::string_view text,
                                                std::span<const Word> words) const {
  std::vector<Match> matches;
  if (words.size() < shortest_) return matches;
  std::uint64_t power = 1;  // of the word that leaves
  for (std::size_t i = 1; i < shortest_; ++i) power *= base;
  std::uint64_t polynomial = polynomial_of(words.first(shortest_));
  const std::size_t num_starts = words.size() - shortest_ + 1;
  std::array<Place, starts_at_once> places;
  for (std::size_t first = 0; first < num_starts; first += starts_at_once) {
    const std::size_t count = std::min(starts_at_once, num_starts - first);
    for (std::size_t i = 0; i < count; ++i) {
      places[i] = place_of(key_of(polynomial, shortest_));
      __builtin_prefetch(&filter_[places[i].element]);
      const std::size_t next = first + i + shortest_;
      if (next == words.size()) break;
      polynomial = (polynomial - words[first + i].hash * power) * base + words[next].hash;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Place& place = places[i];
      if ((filter_[place.element] & place.bits) == place.bits) find_at(first + i, words, matches);
    }
  }
  std::erase_if(matches, [&](const Match& match) {
    const std::size_t begin = words[match.begin].begin, end = words[match.end - 1].end;
    return text.substr(begin, end - begin).find('\f') != std::string_view::npos;
  });
  std::sort(matches.begin(), matches.end());
  return matches;
}

void NgramIndex::find_at(std::size_t begin, std::span<const Word> words,
                         std::vector<Match>& matches) const {
  for (const std::size_t length : lengths_) {
    if (begin + length > words.size()) continue;
    if (const auto number = numbers_.find(key_of(words.subspan(begin, length)))) {
      matches.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + length), *number});
    }
  }
}

}  // namespace switchyard::prepare
