// Pattern: what a tokenizer.json searches texts for, {"String": ...} or {"Regex": ...}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "io/text/regex.h"
#include "io/tokens/hub/json_part.h"

namespace switchyard::hub {

class Pattern {
 public:
  static Pattern regex(const std::string& regex);
  static Pattern literal(std::string text);  // not empty
  // Errors: Exit::data for anything else, an empty one, or an expression that is wrong.
  static Pattern read(const JsonPart& part);

  // Calls take(begin, end, is_match) for each part of the text, from left to right: the matches,
  // none overlapping another, and what is between them. A match may be empty, but not right behind
  // another.
  template <class Take>
  void for_each_part(std::string_view text, Regex::Scratch& scratch, Take take) const;

 private:
  std::optional<Regex::Match> find(std::string_view text, std::size_t from,
                                   Regex::Scratch& scratch) const;

  std::optional<Regex> regex_;
  std::string literal_;
};

inline std::optional<Regex::Match> Pattern::find(std::string_view text, std::size_t from,
                                                 Regex::Scratch& scratch) const {
  if (regex_) return regex_->find(text, from, scratch);
  const std::size_t at = text.find(literal_, from);
  if (at == std::string_view::npos) return std::nullopt;
  return Regex::Match{at, at + literal_.size()};
}

template <class Take>
void Pattern::for_each_part(std::string_view text, Regex::Scratch& scratch, Take take) const {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t taken = 0, from = 0, last_end = none;
  while (from <= text.size()) {
    const std::optional<Regex::Match> match = find(text, from, scratch);
    if (!match) break;
    if (match->begin == match->end && match->end == last_end) {
      ++from;  // to the next character
      while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80) ++from;
      continue;
    }
    if (taken != match->begin) take(taken, match->begin, false);
    take(match->begin, match->end, true);
    taken = from = last_end = match->end;
  }
  if (taken != text.size()) take(taken, text.size(), false);
}

}  // namespace switchyard::hub
