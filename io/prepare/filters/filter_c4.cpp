#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "io/prepare/filters/filter_rules.h"
#include "io/prepare/words/text_lines.h"

namespace switchyard::prepare {
namespace {

constexpr std::int64_t longest_word = 1000, fewest_words = 3, fewest_sentences = 5;
constexpr std::array<std::string_view, 6> policy_phrases = {"terms of use",   "privacy policy",
                                                            "cookie policy",  "uses cookies",
                                                            "use of cookies", "use cookies"};
constexpr std::array<std::string_view, 6> closing_marks = {
    "\"", "'", ")", "]", "\xE2\x80\x99", "\xE2\x80\x9D"};  // the last two: ’ ”

// How long an encyclopedia's citation at the front of `text` is: "[12]", "[]", "[edit]" or
// "[citation needed]". 0 if there is none.
std::size_t citation_length(std::string_view text) {
  for (const std::string_view citation : {"[edit]", "[citation needed]"}) {
    if (text.starts_with(citation)) return citation.size();
  }
  const std::size_t end = text.find_first_not_of("0123456789", 1);
  return end != std::string_view::npos && text[end] == ']' ? end + 1 : 0;
}

std::string without_citations(std::string_view line) {
  std::string result;
  for (std::size_t at; (at = line.find('[')) != std::string_view::npos;) {
    const std::size_t citation = citation_length(line.substr(at));
    result += line.substr(0, citation == 0 ? at + 1 : at);
    line.remove_prefix(at + std::max<std::size_t>(citation, 1));
  }
  return result += line;
}

std::string lower_case(std::string line) {
  for (char& c : line) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return line;
}

bool holds(std::string_view line, std::string_view phrase) {
  return line.find(phrase) != std::string_view::npos;
}

bool has_few_or_long_words(std::string_view line) {
  std::int64_t num_words = 0;
  for (std::string_view word; !(word = take_run(line)).empty(); ++num_words) {
    if (word.size() > longest_word && count_characters(word) > longest_word) return true;
  }
  return num_words < fewest_words;
}

bool ends_as_c4_wants(std::string_view line) {
  if (line.ends_with("...")) return false;
  return !line.empty() && std::string_view(".?!\"'").find(line.back()) != std::string_view::npos;
}

bool ends_in_stop(std::string_view word) {
  for (bool closed = true; closed;) {
    closed = false;
    for (const std::string_view mark : closing_marks) {
      if (!word.ends_with(mark)) continue;
      word.remove_suffix(mark.size());
      closed = true;
    }
  }
  return ends_in_terminal_punctuation(word);
}

// A sentence ends with the line, and with a word that ends in terminal punctuation (closing marks
// behind it aside) unless a lower-case letter follows, as after "e.g.".
std::int64_t count_sentences(std::string_view line) {
  std::int64_t count = 0;
  bool starts = true;
  for (std::string_view word; !(word = take_run(line)).empty(); starts = ends_in_stop(word)) {
    const bool lower = word.front() >= 'a' && word.front() <= 'z';
    if (count == 0 || (starts && !lower)) ++count;
  }
  return count;
}

enum class Fate { stays, goes, lorem_ipsum, curly_bracket };

// Raffel et al. 2020, section 2.2, and their code, which adds citations, long words and policy
// phrases. Line by line, the first rule that applies decides: as there, "lorem ipsum" and a curly
// bracket drop the page only from a line that no rule before them cuts.
class C4 : public Filter {
 public:
  C4(const char* name, bool needs_punctuation)
      : name_(name), needs_punctuation_(needs_punctuation) {}

  const char* name() const override { return name_; }

  FilterVerdict apply(std::string& text) const override {
    std::string kept, reason;
    std::int64_t num_sentences = 0, number = 0;
    for_each_line(text, [&](std::string_view raw) {
      ++number;
      if (!reason.empty()) return;
      const std::string line = without_citations(trimmed(raw));
      switch (fate_of(trimmed(raw), line)) {
        case Fate::stays:
          num_sentences += count_sentences(line);
          kept += kept.empty() ? "" : "\n";
          kept += line;
          break;
        case Fate::goes:
          break;
        case Fate::lorem_ipsum:
          reason = fmt::format("\"lorem ipsum\" in line {}", number);
          break;
        case Fate::curly_bracket:
          reason = fmt::format("curly bracket in line {}", number);
          break;
      }
    });
    if (reason.empty()) {
      reason = at_least(fewest_sentences, "sentences", static_cast<double>(num_sentences));
    }
    if (!reason.empty() || kept == text) return {reason};
    text = std::move(kept);
    return {"", true};
  }

 private:
  Fate fate_of(std::string_view raw, const std::string& line) const {
    if (needs_punctuation_ && !ends_as_c4_wants(line)) return Fate::goes;
    if (has_few_or_long_words(raw)) return Fate::goes;
    const std::string lower = lower_case(line);
    if (holds(lower, "lorem ipsum")) return Fate::lorem_ipsum;
    if (holds(lower, "javascript")) return Fate::goes;
    if (holds(line, "{")) return Fate::curly_bracket;
    const bool policy = std::any_of(policy_phrases.begin(), policy_phrases.end(),
                                    [&](std::string_view phrase) { return holds(lower, phrase); });
    return policy ? Fate::goes : Fate::stays;
  }

  const char* name_;
  bool needs_punctuation_;
};

}  // namespace

std::unique_ptr<Filter> make_c4() { return std::make_unique<C4>("c4", true); }

std::unique_ptr<Filter> make_c4_no_punctuation() {
  return std::make_unique<C4>("c4-no-punctuation", false);
}

}  // namespace switchyard::prepare
