#include "io/prepare/words/shingles.h"

#include <algorithm>
#include <array>

#include "io/prepare/words/murmur_mix.h"
#include "io/prepare/words/spread_sort.h"

namespace switchyard::prepare {
namespace {

constexpr auto width = static_cast<std::size_t>(words_per_shingle);

// Odd, from the digits of pi. One for each place, so that the order of the words counts.
constexpr std::array<std::uint64_t, width> multipliers{0x243F6A8885A308D3, 0x13198A2E03707345,
                                                       0xA4093822299F31D1, 0x082EFA98EC4E6C89,
                                                       0x452821E638D01377};

}  // namespace

void append_shingles(std::span<const Word> words, std::vector<std::uint64_t>& shingles) {
  if (words.size() < width) return;
  const std::size_t count = words.size() - width + 1;
  const std::size_t before = shingles.size();
  shingles.resize(before + count);
  std::uint64_t* out = shingles.data() + before;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < width; ++k) sum += words[i + k].hash * multipliers[k];
    out[i] = murmur_mix(sum);
  }
}

std::vector<std::uint64_t> shingles_of(std::span<const Word> words) {
  std::vector<std::uint64_t> shingles;
  append_shingles(words, shingles);
  spread_sort(shingles, 0, [](std::uint64_t hash) { return hash; });
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
  return shingles;
}

std::vector<std::uint64_t> shingles_of(std::string_view text) {
  std::vector<Word> words;
  find_words(text, words);
  return shingles_of(words);
}

double jaccard(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  std::size_t i = 0, j = 0, common = 0;
  while (i < a.size() && j < b.size()) {
    const std::uint64_t x = a[i], y = b[j];
    common += x == y ? 1 : 0;
    i += x <= y ? 1 : 0;
    j += y <= x ? 1 : 0;
  }
  if (common == 0) return 0.0;
  return static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common);
}

}  // namespace switchyard::prepare
