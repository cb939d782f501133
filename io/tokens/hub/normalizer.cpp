#include "io/tokens/hub/normalizer.h"

#include <fmt/core.h>

#include "io/text/escape.h"
#include "io/text/unicode.h"

namespace switchyard::hub {

void Normalizer::add(const JsonPart& part, int depth) {
  const std::string type = part.type();
  if (type == "Sequence") {
    part.allow({"type", "normalizers"});
    if (depth == deepest_sequence) part.refuse("its Sequences nest too deeply");
    for (const JsonPart& step : part.items("normalizers")) add(step, depth + 1);
  } else if (type == "NFC") {
    part.allow({"type"});
    steps_.emplace_back(Nfc{});
  } else if (type == "Prepend") {
    part.allow({"type", "prepend"});
    steps_.emplace_back(Prepend{part.text("prepend")});
  } else if (type == "Replace") {
    part.allow({"type", "pattern", "content"});
    steps_.emplace_back(Replace{Pattern::read(part.at("pattern")), part.text("content")});
  } else {
    part.refuse(fmt::format("it is a {}; Switchyard knows NFC, Prepend, Replace and Sequence",
                            terminal_text(shortened(type, 100))));
  }
}

std::string Normalizer::apply(std::string_view text, Regex::Scratch& scratch) const {
  std::string result(text);
  for (const auto& step : steps_) {
    if (std::holds_alternative<Nfc>(step)) {
      result = nfc(result);
    } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
      if (!result.empty()) result.insert(0, prepend->text);
    } else if (const auto* replace = std::get_if<Replace>(&step)) {
      result = replaced(result, replace->pattern, replace->content, scratch);
    }
  }
  return result;
}

std::string replaced(std::string_view text, const Pattern& pattern, std::string_view content,
                     Regex::Scratch& scratch) {
  std::string result;
  pattern.for_each_part(text, scratch, [&](std::size_t begin, std::size_t end, bool is_match) {
    result += is_match ? content : text.substr(begin, end - begin);
  });
  return result;
}

}  // namespace switchyard::hub
