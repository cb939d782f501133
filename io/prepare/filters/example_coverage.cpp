#include "io/prepare/filters/example_coverage.h"

#include <algorithm>

namespace switchyard::prepare {

void ExampleCoverage::add(std::span<const std::uint32_t> ngrams) {
  const auto example = static_cast<std::uint32_t>(num_words_.size());
  std::uint32_t word = 0;
  for (const std::uint32_t ngram : ngrams) occurrences_.push_back({ngram, example, word++});
  num_words_.push_back(word + ngram_words_ - 1);
}

void ExampleCoverage::finish() { std::sort(occurrences_.begin(), occurrences_.end()); }

std::vector<std::uint32_t> ExampleCoverage::covered(std::span<const std::uint32_t> ngrams,
                                                    double share) const {
  struct Covered {
    std::uint32_t example, word;

    auto operator<=>(const Covered&) const = default;
  };
  std::vector<Covered> all;
  for (const std::uint32_t ngram : ngrams) {
    auto at = std::lower_bound(occurrences_.begin(), occurrences_.end(), Occurrence{ngram, 0, 0});
    for (; at != occurrences_.end() && at->ngram == ngram; ++at) {
      all.push_back({at->example, at->word});
    }
  }
  std::sort(all.begin(), all.end());

  std::vector<std::uint32_t> examples;
  for (auto at = all.begin(); at != all.end();) {
    const std::uint32_t example = at->example;
    std::uint32_t num_covered = 0, end = 0;
    for (; at != all.end() && at->example == example; ++at) {
      num_covered += at->word + ngram_words_ - std::max(at->word, end);
      end = at->word + ngram_words_;
    }
    if (static_cast<double>(num_covered) / num_words_[example] >= share) {
      examples.push_back(example);
    }
  }
  return examples;
}

}  // namespace switchyard::prepare
