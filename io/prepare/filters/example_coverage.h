// ExampleCoverage: how much of each evaluation example the n-grams of one document cover.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard::prepare {

// Some 12 bytes for each n-gram of each example. N-grams are known by number (ngram_index.h).
class ExampleCoverage {
 public:
  explicit ExampleCoverage(std::uint32_t ngram_words) : ngram_words_(ngram_words) {}

  // The next example: its n-gram at each of its words but the last few.
  void add(std::span<const std::uint32_t> ngrams);
  void finish();  // once, after the last example

  // The examples of whose words the n-grams (ascending, each once) cover at least `share`.
  // Ascending.
  std::vector<std::uint32_t> covered(std::span<const std::uint32_t> ngrams, double share) const;

 private:
  struct Occurrence {
    std::uint32_t ngram, example, word;

    auto operator<=>(const Occurrence&) const = default;
  };

  std::uint32_t ngram_words_;
  std::vector<std::uint32_t> num_words_;  // of each example
  std::vector<Occurrence> occurrences_;   // ascending after finish()
};

}  // namespace switchyard::prepare
