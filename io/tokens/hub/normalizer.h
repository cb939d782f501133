// Normalizer: how a tokenizer.json changes a text before anything else: NFC, Prepend, Replace.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "io/text/regex.h"
#include "io/tokens/hub/json_part.h"
#include "io/tokens/hub/pattern.h"

namespace switchyard::hub {

class Normalizer {
 public:
  Normalizer() = default;  // changes nothing
  // Errors: Exit::data for a normalizer of any other kind, alone or in a Sequence.
  explicit Normalizer(const JsonPart& part) { add(part, 0); }

  bool changes_nothing() const { return steps_.empty(); }
  // text: valid UTF-8.
  std::string apply(std::string_view text, Regex::Scratch& scratch) const;

 private:
  struct Nfc {};
  struct Prepend {
    std::string text;
  };
  struct Replace {
    Pattern pattern;
    std::string content;
  };

  void add(const JsonPart& part, int depth);

  std::vector<std::variant<Nfc, Prepend, Replace>> steps_;
};

// `text` with `content` for each match.
std::string replaced(std::string_view text, const Pattern& pattern, std::string_view content,
                     Regex::Scratch& scratch);

constexpr int deepest_sequence = 8;  // of Sequences in each other

}  // namespace switchyard::hub
