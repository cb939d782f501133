// Words, lines and characters as the quality filters count them, in the text as it was given.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "io/prepare/words/numbered_keys.h"

namespace switchyard::prepare {

// All of this requires valid UTF-8 below 4 GiB. A character is a code point.
std::int64_t count_characters(std::string_view text);

// Its first eight bytes, the first one lowest, zeros behind its end.
inline std::uint64_t first_bytes(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t bytes = 0;
  if (text.size() >= sizeof bytes) {
    std::memcpy(&bytes, text.data(), sizeof bytes);
  } else {
    std::memcpy(&bytes, text.data(), text.size());
  }
  return bytes;
}

// The text without Unicode white space at both ends.
std::string_view trimmed(std::string_view text);

// Takes the next run of characters other than white space off the front of `text`, and all before
// it. Returns "" if there is none.
std::string_view take_run(std::string_view& text);

// Whether the last character is in Unicode's Sentence_Terminal: . ? ! and the like in other
// scripts, but no quotation mark.
bool ends_in_terminal_punctuation(std::string_view text);

// A word of the quality filters is a maximal run of letters, digits and marks, a single ' ’ . or _
// between two of them included ("don't", "3.14", "file_name"), or a maximal run of one and the same
// other character that is no white space ("...", "(", "====="). Case counts. So words are about
// what the published filters count, which ask an English tokenizer; it also cuts clitics ("do"
// "n't") and keeps abbreviations ("e.g.") and addresses whole. Unlike the words of words.h these
// keep punctuation, which the filters' thresholds take into account.
struct TextWord {
  std::string_view text;
  std::uint32_t characters = 0;
  bool has_letter = false;
  bool is_symbol = false;  // neither a letter nor a digit nor a mark
};

class TextWords {
 public:
  explicit TextWords(std::string_view text) : rest_(text) {}
  bool next(TextWord& word);  // false: there are no more

 private:
  std::string_view rest_;
};

// Each part of `text` between separators of at least `num_breaks` line feeds. At least one part; an
// empty one where the text begins or ends with a separator.
template <class Each>
void for_each_part(std::string_view text, std::size_t num_breaks, Each each) {
  std::size_t begin = 0, from = 0;
  for (std::size_t at; (at = text.find('\n', from)) != std::string_view::npos;) {
    from = text.find_first_not_of('\n', at);
    if (from == std::string_view::npos) from = text.size();
    if (from - at < num_breaks) continue;
    each(text.substr(begin, at - begin));
    begin = from;
  }
  each(text.substr(begin));
}

// Each line of `text`, empty ones included, without its "\n" or "\r\n". What follows the last line
// feed is a line unless it is empty.
template <class Each>
void for_each_line(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    each(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// How much of some parts of a text came before.
class Repeats {
 public:
  void add(std::string_view part);

  std::int64_t num_parts() const { return num_parts_; }
  std::int64_t num_repeated() const { return num_repeated_; }
  std::int64_t repeated_characters() const { return repeated_characters_; }

 private:
  NumberedKeys seen_;
  std::int64_t num_parts_ = 0, num_repeated_ = 0, repeated_characters_ = 0;
};

}  // namespace switchyard::prepare
