#include <algorithm>
#include <array>
#include <bit>

#include "io/prepare/filters/filter_rules.h"
#include "io/prepare/words/text_lines.h"

namespace switchyard::prepare {
namespace {

constexpr std::string_view ellipsis = "...", ellipsis_character = "\xE2\x80\xA6";

// A word of at most four bytes as one number.
constexpr std::uint32_t packed(std::string_view word) {
  std::uint32_t bytes = 0;
  for (const char c : word) bytes = bytes << 8 | static_cast<unsigned char>(c);
  return bytes;
}
constexpr std::array<std::uint32_t, 8> stop_words = {packed("the"),  packed("be"),  packed("to"),
                                                     packed("of"),   packed("and"), packed("that"),
                                                     packed("have"), packed("with")};

struct WordCounts {
  std::int64_t words = 0;   // symbols included
  std::int64_t spoken = 0;  // symbols not included
  std::int64_t with_letter = 0;
  std::int64_t spoken_characters = 0;
  std::int64_t hashes = 0, ellipses = 0;
  unsigned stop_words_seen = 0;  // as bits
};

void count_symbol(const TextWord& word, WordCounts& counts) {
  if (word.text.front() == '#') counts.hashes += word.characters;
  if (word.text.front() == '.') counts.ellipses += word.characters / 3;
  if (word.text.starts_with(ellipsis_character)) counts.ellipses += word.characters;
}

WordCounts count_words(std::string_view text) {
  WordCounts counts;
  TextWords words(text);
  for (TextWord word; words.next(word);) {
    counts.words += 1;
    counts.with_letter += word.has_letter ? 1 : 0;
    if (word.is_symbol) {
      count_symbol(word, counts);
      continue;
    }
    counts.spoken += 1;
    counts.spoken_characters += word.characters;
    if (word.text.size() > 4) continue;
    const std::uint32_t bytes = packed(word.text);
    for (std::size_t i = 0; i < stop_words.size(); ++i) {
      counts.stop_words_seen |= (bytes == stop_words[i] ? 1U : 0U) << i;
    }
  }
  return counts;
}

struct LineCounts {
  std::int64_t lines = 0, bullets = 0, ellipses = 0;
};

LineCounts count_lines(std::string_view text) {
  LineCounts counts;
  for_each_line(text, [&](std::string_view line) {
    line = trimmed(line);
    counts.lines += 1;
    counts.bullets += line.starts_with('-') || line.starts_with("\xE2\x80\xA2") ? 1 : 0;
    counts.ellipses += line.ends_with(ellipsis) || line.ends_with(ellipsis_character) ? 1 : 0;
  });
  return counts;
}

// Rae et al. 2021, appendix A1.1. The number and the length of words are those of words that are
// not symbols; shares are of all words, and of all lines, empty ones included.
class GopherQuality : public Filter {
 public:
  const char* name() const override { return "gopher-quality"; }

  FilterVerdict apply(std::string& text) const override {
    return {first_broken({judge_words(count_words(text)), judge_lines(count_lines(text))})};
  }

 private:
  static std::string judge_words(const WordCounts& counts) {
    const double length = share(counts.spoken_characters, counts.spoken);
    return first_broken(
        {at_least(50, "words", static_cast<double>(counts.spoken)),
         at_most(100000, "words", static_cast<double>(counts.spoken)),
         at_least(3, "mean word length", length), at_most(10, "mean word length", length),
         at_most(0.1, "'#' per word", share(counts.hashes, counts.words)),
         at_most(0.1, "ellipses per word", share(counts.ellipses, counts.words)),
         at_least(0.8, "share of words with a letter", share(counts.with_letter, counts.words)),
         at_least(2, "different stop words", std::popcount(counts.stop_words_seen))});
  }

  static std::string judge_lines(const LineCounts& counts) {
    return first_broken(
        {at_most(0.9, "share of lines with a bullet", share(counts.bullets, counts.lines)),
         at_most(0.3, "share of lines ending in an ellipsis",
                 share(counts.ellipses, counts.lines))});
  }
};

}  // namespace

std::unique_ptr<Filter> make_gopher_quality() { return std::make_unique<GopherQuality>(); }

}  // namespace switchyard::prepare
