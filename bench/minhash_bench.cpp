// How fast one thread computes signatures: English-like documents of 3 kB (and the same in Cyrillic
// letters) to 25 band keys of 5 rows, then each part of that alone. For comparison, in the same
// run: a copy of the same bytes; the naive family ((a x + b) mod 2^61 - 1) mod 2^32, with 128-bit
// products, over the same shingles; std::sort instead of the sort of shingles_of. Bytes are always
// those of the texts.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "io/prepare/words/minhash.h"
#include "io/prepare/words/shingles.h"
#include "io/prepare/words/words.h"
#include "io/text/unicode.h"
#include "runtime/random.h"

namespace switchyard::prepare {
namespace {

constexpr std::uint64_t num_documents = 1024;
constexpr std::uint64_t words_per_document = 500;
constexpr std::uint64_t num_known_words = 20000;
const Random random_bits(1, Purpose::init);

// The words of a document follow Zipf's law, and frequent words are short, as in English. A word
// and its separator take 6.2 bytes on average.
std::string known_word(std::uint64_t rank) {
  static const std::string letters = "eeeeeettttaaaooiinnsshhrrddlluucmfwgypbvk";
  const double mean = 2.0 + 0.5 * std::log2(static_cast<double>(rank + 1));
  const double size = mean + 1.2 * random_bits.normal(rank);
  std::string word(static_cast<std::size_t>(std::clamp(size, 1.0, 16.0)), ' ');
  for (std::size_t i = 0; i < word.size(); ++i) {
    word[i] = letters[random_bits.bits((rank + 1) * 64 + i)[0] % letters.size()];
  }
  return word;
}

std::vector<std::string> known_words() {
  std::vector<std::string> words;
  for (std::uint64_t rank = 0; rank < num_known_words; ++rank) words.push_back(known_word(rank));
  return words;
}

std::string document(std::uint64_t number) {
  static const std::vector<std::string> words = known_words();
  std::string text;
  bool sentence_begins = true;
  for (std::uint64_t i = 0; i < words_per_document; ++i) {
    const std::uint64_t index = (std::uint64_t{1} << 40) + number * words_per_document + i;
    const double log_rank = random_bits.uniform(index) * std::log(double{num_known_words});
    std::string word = words[static_cast<std::size_t>(std::exp(log_rank)) - 1];
    if (sentence_begins) word[0] = static_cast<char>(word[0] - 0x20);
    const std::uint32_t punctuation = random_bits.bits(index)[3] % 16;
    sentence_begins = punctuation == 0;
    text += word + (sentence_begins ? ". " : punctuation == 1 ? ", " : i % 15 == 14 ? "\n" : " ");
  }
  return text;
}

const std::vector<std::string>& documents() {
  static const std::vector<std::string> result = [] {
    std::vector<std::string> made;
    for (std::uint64_t i = 0; i < num_documents; ++i) made.push_back(document(i));
    return made;
  }();
  return result;
}

std::string cyrillic(const std::string& text) {
  std::string result;
  for (const char each : text) {
    const bool letter = (each | 0x20) >= 'a' && (each | 0x20) <= 'z';
    if (letter) {
      append_utf8(
          static_cast<char32_t>((each & 0x20) != 0 ? each - 'a' + 0x430 : each - 'A' + 0x410),
          result);
    } else {
      result += each;
    }
  }
  return result;
}

const std::vector<std::string>& cyrillic_documents() {
  static const std::vector<std::string> result = [] {
    std::vector<std::string> made;
    for (const std::string& each : documents()) made.push_back(cyrillic(each));
    return made;
  }();
  return result;
}

const std::vector<std::vector<Word>>& words_of_documents() {
  static const std::vector<std::vector<Word>> result = [] {
    std::vector<std::vector<Word>> found(num_documents);
    for (std::size_t i = 0; i < num_documents; ++i) find_words(documents()[i], found[i]);
    return found;
  }();
  return result;
}

const std::vector<std::vector<std::uint64_t>>& shingles_of_documents() {
  static const std::vector<std::vector<std::uint64_t>> result = [] {
    std::vector<std::vector<std::uint64_t>> made(num_documents);
    for (std::size_t i = 0; i < num_documents; ++i) {
      append_shingles(words_of_documents()[i], made[i]);
    }
    return made;
  }();
  return result;
}

void set_bytes(benchmark::State& state, const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& each : texts) bytes += each.size();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void copy_of_bytes(benchmark::State& state) {
  std::string copy(1 << 16, ' ');
  for (auto _ : state) {
    for (const std::string& each : documents()) {
      std::memcpy(copy.data(), each.data(), each.size());
      benchmark::DoNotOptimize(copy.data());
      benchmark::ClobberMemory();
    }
  }
  set_bytes(state, documents());
}

void sign(benchmark::State& state, const std::vector<std::string>& texts) {
  const MinHasher hasher(MinHashConfig{});
  std::vector<Word> words;
  std::vector<std::uint64_t> shingles, keys(25);
  for (auto _ : state) {
    for (const std::string& each : texts) {
      words.clear();
      shingles.clear();
      find_words(each, words);
      append_shingles(words, shingles);
      hasher.band_keys(shingles, keys);
      benchmark::DoNotOptimize(keys.data());
    }
  }
  set_bytes(state, texts);
}

void signatures(benchmark::State& state) { sign(state, documents()); }
void signatures_cyrillic(benchmark::State& state) { sign(state, cyrillic_documents()); }

void only_words(benchmark::State& state) {
  std::vector<Word> words;
  for (auto _ : state) {
    for (const std::string& each : documents()) {
      words.clear();
      find_words(each, words);
      benchmark::DoNotOptimize(words.data());
    }
  }
  set_bytes(state, documents());
}

void only_shingles(benchmark::State& state) {
  std::vector<std::uint64_t> shingles;
  for (auto _ : state) {
    for (const std::vector<Word>& each : words_of_documents()) {
      shingles.clear();
      append_shingles(each, shingles);
      benchmark::DoNotOptimize(shingles.data());
    }
  }
  set_bytes(state, documents());
}

void only_band_keys(benchmark::State& state) {
  const MinHasher hasher(MinHashConfig{});
  std::vector<std::uint64_t> keys(25);
  for (auto _ : state) {
    for (const std::vector<std::uint64_t>& each : shingles_of_documents()) {
      hasher.band_keys(each, keys);
      benchmark::DoNotOptimize(keys.data());
    }
  }
  set_bytes(state, documents());
}

// For comparison: what most MinHash programs compute, 125 hash functions without the keys.
void only_minima_mersenne(benchmark::State& state) {
  constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;
  std::vector<std::uint64_t> a(125), b(125), smallest(125);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Philox bits = random_bits.bits(i);
    a[i] = (std::uint64_t{bits[0]} << 32 | bits[1]) % prime;
    b[i] = (std::uint64_t{bits[2]} << 32 | bits[3]) % prime;
  }
  for (auto _ : state) {
    for (const std::vector<std::uint64_t>& shingles : shingles_of_documents()) {
      std::fill(smallest.begin(), smallest.end(), ~std::uint64_t{0});
      for (const std::uint64_t shingle : shingles) {
        for (std::size_t i = 0; i < a.size(); ++i) {
          const auto product = static_cast<unsigned __int128>(a[i]) * (shingle >> 3) + b[i];
          std::uint64_t hash = (static_cast<std::uint64_t>(product) & prime) +
                               static_cast<std::uint64_t>(product >> 61);
          hash -= hash >= prime ? prime : 0;
          smallest[i] = std::min(smallest[i], hash & 0xFFFFFFFF);
        }
      }
      benchmark::DoNotOptimize(smallest.data());
    }
  }
  set_bytes(state, documents());
}

void sorted_set(benchmark::State& state) {
  for (auto _ : state) {
    for (const std::vector<Word>& each : words_of_documents()) {
      benchmark::DoNotOptimize(shingles_of(each));
    }
  }
  set_bytes(state, documents());
}

void sorted_set_by_std_sort(benchmark::State& state) {
  for (auto _ : state) {
    for (const std::vector<Word>& each : words_of_documents()) {
      std::vector<std::uint64_t> shingles;
      append_shingles(each, shingles);
      std::sort(shingles.begin(), shingles.end());
      shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
      benchmark::DoNotOptimize(shingles);
    }
  }
  set_bytes(state, documents());
}

void jaccard_of_neighbours(benchmark::State& state) {
  std::vector<std::vector<std::uint64_t>> sets;
  for (const std::vector<Word>& each : words_of_documents()) sets.push_back(shingles_of(each));
  for (auto _ : state) {
    for (std::size_t i = 1; i < sets.size(); ++i) {
      benchmark::DoNotOptimize(jaccard(sets[i - 1], sets[i]));
    }
  }
  set_bytes(state, documents());
}

void normalize(benchmark::State& state, const std::vector<std::string>& texts) {
  for (auto _ : state) {
    for (const std::string& each : texts) benchmark::DoNotOptimize(normalized(each));
  }
  set_bytes(state, texts);
}

void normalized_ascii(benchmark::State& state) { normalize(state, documents()); }
void normalized_cyrillic(benchmark::State& state) { normalize(state, cyrillic_documents()); }

BENCHMARK(copy_of_bytes);
BENCHMARK(signatures);
BENCHMARK(signatures_cyrillic);
BENCHMARK(only_words);
BENCHMARK(only_shingles);
BENCHMARK(only_band_keys);
BENCHMARK(only_minima_mersenne);
BENCHMARK(sorted_set);
BENCHMARK(sorted_set_by_std_sort);
BENCHMARK(jaccard_of_neighbours);
BENCHMARK(normalized_ascii);
BENCHMARK(normalized_cyrillic);

}  // namespace
}  // namespace switchyard::prepare

BENCHMARK_MAIN();
