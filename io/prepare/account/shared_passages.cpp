#include "io/prepare/account/shared_passages.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "io/prepare/words/words.h"

namespace switchyard::prepare {
namespace {

constexpr std::int64_t shortest_passage = 5;
constexpr std::size_t max_words = 1'000'000;  // bounds time and memory for texts of many MiB

using Words = std::span<const Word>;

// Calls each(hash, where it starts) for every run of `length` words.
template <class Each>
void for_each_run(Words words, std::int64_t length, Each each) {
  constexpr std::uint64_t base = 0x9E3779B97F4A7C15;  // odd, so that no power of it is 0
  if (std::ssize(words) < length) return;
  std::uint64_t last_power = 1, hash = 0;
  for (std::int64_t i = 1; i < length; ++i) last_power *= base;
  for (std::int64_t i = 0; i < std::ssize(words); ++i) {
    if (i >= length) hash -= words[i - length].hash * last_power;
    hash = hash * base + words[i].hash;
    if (i >= length - 1) each(hash, i - length + 1);
  }
}

struct Run {
  std::int64_t begin = 0, length = 0;  // in the first text
};

// The first run of `length` words of `first` that `second` has too.
std::optional<Run> find_run(Words first, Words second, std::int64_t length) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> runs;
  for_each_run(second, length,
               [&](std::uint64_t hash, std::int64_t begin) { runs.emplace_back(hash, begin); });
  std::sort(runs.begin(), runs.end());
  std::optional<Run> found;
  for_each_run(first, length, [&](std::uint64_t hash, std::int64_t begin) {
    if (found) return;
    const auto other = std::lower_bound(runs.begin(), runs.end(), std::pair(hash, std::int64_t{0}));
    if (other == runs.end() || other->first != hash) return;
    const Words a = first.subspan(begin, length), b = second.subspan(other->second, length);
    const auto same_word = [](const Word& x, const Word& y) { return x.hash == y.hash; };
    if (std::equal(a.begin(), a.end(), b.begin(), same_word)) found = Run{begin, length};
  });
  return found;
}

// The longest run of at least `shortest` words; of equally long ones the first. A run of n words
// holds one of n - 1, so that the length can be found by halving.
std::optional<Run> longest_run(Words first, Words second, std::int64_t shortest) {
  std::optional<Run> longest = find_run(first, second, shortest);
  std::int64_t too_long = std::min(std::ssize(first), std::ssize(second)) + 1;
  while (longest && too_long - longest->length > 1) {
    const std::int64_t length = longest->length + (too_long - longest->length) / 2;
    if (const auto run = find_run(first, second, length)) {
      longest = run;
    } else {
      too_long = length;
    }
  }
  return longest;
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  find_words(text, words);
  words.resize(std::min(words.size(), max_words));
  return words;
}

}  // namespace

std::vector<SharedPassage> shared_passages(std::string_view first, std::string_view second,
                                           std::int64_t most) {
  const std::vector<Word> words = words_of(first), others = words_of(second);
  const std::int64_t shortest = std::min({shortest_passage, std::ssize(words), std::ssize(others)});
  std::vector<SharedPassage> passages;
  std::vector<Run> gaps = {{0, std::ssize(words)}};  // between the passages found so far
  while (shortest > 0 && std::ssize(passages) < most) {
    std::optional<Run> best;
    std::size_t gap_of_best = 0;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      const Words gap = Words(words).subspan(gaps[i].begin, gaps[i].length);
      const auto run = longest_run(gap, others, shortest);
      if (!run || (best && run->length <= best->length)) continue;
      best = Run{gaps[i].begin + run->begin, run->length};
      gap_of_best = i;
    }
    if (!best) break;
    const std::uint32_t begin = words[best->begin].begin;
    const std::uint32_t end = words[best->begin + best->length - 1].end;
    passages.push_back({best->length, std::string(first.substr(begin, end - begin))});
    const Run gap = gaps[gap_of_best];
    gaps[gap_of_best] = {gap.begin, best->begin - gap.begin};
    const std::int64_t end_of_best = best->begin + best->length;
    gaps.insert(gaps.begin() + static_cast<std::ptrdiff_t>(gap_of_best) + 1,
                {end_of_best, gap.begin + gap.length - end_of_best});
  }
  return passages;
}

}  // namespace switchyard::prepare
