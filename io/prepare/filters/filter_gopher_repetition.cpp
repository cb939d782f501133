#include <fmt/core.h>

#include "io/prepare/filters/filter_rules.h"
#include "io/prepare/words/text_lines.h"
#include "io/prepare/words/word_ngrams.h"

namespace switchyard::prepare {
namespace {

struct NgramRule {
  int n;
  double most;  // of the text's characters
};
constexpr NgramRule top_ngram_rules[] = {{2, 0.20}, {3, 0.18}, {4, 0.16}};
constexpr NgramRule repeated_ngram_rules[] = {{5, 0.15}, {6, 0.14}, {7, 0.13},
                                              {8, 0.12}, {9, 0.11}, {10, 0.10}};

Repeats repeats_of(std::string_view text, std::size_t num_breaks) {
  Repeats repeats;
  for_each_part(text, num_breaks, [&](std::string_view part) { repeats.add(part); });
  return repeats;
}

// Rae et al. 2021, table A1. Shares of characters refer to the whole text. One or more line feeds
// separate lines; two or more separate paragraphs.
class GopherRepetition : public Filter {
 public:
  const char* name() const override { return "gopher-repetition"; }

  FilterVerdict apply(std::string& text) const override {
    const std::int64_t characters = count_characters(text);
    std::string reason = judge_parts(text, characters);
    if (reason.empty()) reason = judge_ngrams(text, characters);
    return {reason};
  }

 private:
  static std::string judge_parts(std::string_view text, std::int64_t characters) {
    const Repeats paragraphs = repeats_of(trimmed(text), 2);
    const Repeats lines = repeats_of(text, 1);
    return first_broken(
        {at_most(0.30, "share of repeated paragraphs",
                 share(paragraphs.num_repeated(), paragraphs.num_parts())),
         at_most(0.20, "share of characters in repeated paragraphs",
                 share(paragraphs.repeated_characters(), characters)),
         at_most(0.30, "share of repeated lines", share(lines.num_repeated(), lines.num_parts())),
         at_most(0.20, "share of characters in repeated lines",
                 share(lines.repeated_characters(), characters))});
  }

  static std::string judge_ngrams(std::string_view text, std::int64_t characters) {
    WordNgrams ngrams(text);
    std::string reason;
    for (const NgramRule& rule : top_ngram_rules) {
      ngrams.lengthen();
      reason = at_most(rule.most, fmt::format("share of characters in the top {}-gram", rule.n),
                       share(ngrams.top_characters(), characters));
      if (!reason.empty()) return reason;
    }
    for (const NgramRule& rule : repeated_ngram_rules) {
      ngrams.lengthen();
      reason = at_most(rule.most, fmt::format("share of characters in repeated {}-grams", rule.n),
                       share(ngrams.repeated_characters(), characters));
      if (!reason.empty()) return reason;
    }
    return reason;
  }
};

}  // namespace

std::unique_ptr<Filter> make_gopher_repetition() { return std::make_unique<GopherRepetition>(); }

}  // namespace switchyard::prepare
