// PreTokenizer: how a tokenizer.json cuts a text into words, which no token crosses: Split,
// ByteLevel, Digits, Metaspace, or a Sequence of them.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "io/text/regex.h"
#include "io/tokens/hub/json_part.h"
#include "io/tokens/hub/pattern.h"

namespace switchyard::hub {

class PreTokenizer {
 public:
  using TakeWord = std::function<void(std::string_view)>;

  PreTokenizer() = default;  // a text is one word
  // Errors: Exit::data for a pre-tokenizer of any other kind, or for one behind a ByteLevel.
  explicit PreTokenizer(const JsonPart& part) { add(part, 0); }

  // Whether words are bytes from here on, each spelled by a visible character in the vocabulary.
  bool byte_level() const { return byte_level_; }
  // Calls take for each word, from left to right. at_start: the text begins the document.
  void cut(std::string_view text, bool at_start, Regex::Scratch& scratch,
           const TakeWord& take) const {
    cut_from(0, text, at_start, scratch, take);
  }

 private:
  enum class Behavior : std::uint8_t { removed, isolated, to_previous, to_next, contiguous };
  struct Split {
    Pattern pattern;
    Behavior behavior;
    bool inverted;  // what is between the matches counts as the matches, and the other way around
  };
  struct PrefixSpace {};  // before a text that has none
  struct Metaspace {
    std::string symbol;  // for each space
    enum class Prepends : std::uint8_t { always, at_start, never } prepends;
  };

  void add(const JsonPart& part, int depth);
  void add_split(const JsonPart& part);
  void add_byte_level(const JsonPart& part);
  void add_metaspace(const JsonPart& part);
  void cut_from(std::size_t step, std::string_view text, bool at_start, Regex::Scratch& scratch,
                const TakeWord& take) const;
  template <class TakePart>
  static void for_each_part(const Split& split, std::string_view text, Regex::Scratch& scratch,
                            TakePart take);

  std::vector<std::variant<Split, PrefixSpace, Metaspace>> steps_;
  bool byte_level_ = false;
};

}  // namespace switchyard::hub
