#include <algorithm>
#include <string_view>

#include "io/prepare/filters/contamination_rule.h"
#include "io/prepare/words/ngram_index.h"
#include "io/prepare/words/text_lines.h"

namespace switchyard::prepare {
namespace {

constexpr std::size_t gpt3_ngram = 13, gpt3_fewest_words = 8;
constexpr std::int64_t window = 200, shortest_piece = 200;  // characters
constexpr std::size_t max_hits = 10;
constexpr std::string_view boundary = "\n\f\n";

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80; }

// The byte `window` characters before byte `at`, or the first.
std::size_t window_before(std::string_view text, std::size_t at) {
  for (std::int64_t left = window; at > 0 && left > 0;) {
    if (starts_character(text[--at])) --left;
  }
  return at;
}

// The byte `window` characters behind byte `at`, or the end.
std::size_t window_behind(std::string_view text, std::size_t at) {
  for (std::int64_t left = window; at < text.size(); ++at) {
    if (starts_character(text[at]) && left-- == 0) break;
  }
  return at;
}

// A stretch of text that evaluation n-grams cover without a gap.
struct Hit {
  std::size_t begin = 0, end = 0;  // bytes
  std::uint32_t ngram = 0;         // the first
};

// The pieces of a text without its hits and their windows.
std::string without(std::span<const Hit> hits, std::string_view text) {
  std::string rest;
  const auto keep = [&](std::size_t begin, std::size_t end) {
    const std::string_view piece = begin < end ? text.substr(begin, end - begin) : "";
    if (count_characters(piece) < shortest_piece) return;
    rest += rest.empty() ? "" : boundary;
    rest += piece;
  };
  std::size_t begin = 0;
  for (const Hit& hit : hits) {
    keep(begin, window_before(text, hit.begin));
    begin = window_behind(text, hit.end);
  }
  keep(begin, text.size());
  return rest;
}

// Brown et al. 2020, appendix C. The n-grams of an example that has fewer than 13 words, but 8, are
// one: all of it. N-grams that overlap are one hit: the paper counts the pieces that a document
// falls into, and a single copied paragraph does not condemn it.
class Gpt3Rule : public ContaminationRule {
 public:
  bool add(std::span<const Word> words) override {
    if (words.size() < gpt3_fewest_words) return false;
    const std::size_t length = std::min(words.size(), gpt3_ngram);
    for (std::size_t i = 0; i + length <= words.size(); ++i) {
      const std::uint32_t number = ngrams_.insert(words.subspan(i, length));
      if (number == example_of_.size()) example_of_.push_back(num_examples_);
    }
    ++num_examples_;
    return true;
  }

  Finding apply(std::string& text, std::span<const Word> words) const override {
    const std::vector<Hit> hits = find_hits(text, words);
    Finding finding;
    if (hits.empty()) return finding;
    finding.hits = static_cast<int>(hits.size());
    finding.example = example_of_[hits.front().ngram];
    std::string rest = hits.size() > max_hits ? "" : without(hits, text);
    finding.removed = rest.empty();
    finding.changed = !rest.empty();
    if (finding.changed) text = std::move(rest);
    return finding;
  }

  std::vector<std::uint64_t> identity() const override {
    std::vector<std::uint64_t> keys = ngrams_.keys();
    std::sort(keys.begin(), keys.end());
    return keys;
  }

 private:
  std::vector<Hit> find_hits(std::string_view text, std::span<const Word> words) const {
    std::vector<Hit> hits;
    for (const NgramIndex::Match& match : ngrams_.find(text, words)) {
      const Hit hit{words[match.begin].begin, words[match.end - 1].end, match.number};
      if (!hits.empty() && hit.begin < hits.back().end) {
        hits.back().end = std::max(hits.back().end, hit.end);
      } else {
        hits.push_back(hit);
      }
    }
    return hits;
  }

  NgramIndex ngrams_{gpt3_fewest_words};
  std::vector<std::uint32_t> example_of_;  // each n-gram: the first that holds it
  std::uint32_t num_examples_ = 0;
};

}  // namespace

std::unique_ptr<ContaminationRule> make_gpt3_rule() { return std::make_unique<Gpt3Rule>(); }

}  // namespace switchyard::prepare
