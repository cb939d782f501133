#include "io/tokens/hub/pattern.h"

#include "runtime/error.h"

namespace switchyard::hub {

Pattern Pattern::regex(const std::string& regex) {
  Pattern pattern;
  pattern.regex_.emplace(regex);
  return pattern;
}

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Pattern Pattern::read(const JsonPart& part) {
  part.allow({"String", "Regex"});
  if (part.has("String") == part.has("Regex")) part.refuse("it is neither a String nor a Regex");
  const std::string text = part.text(part.has("Regex") ? "Regex" : "String");
  if (text.empty()) part.refuse("it is empty");
  if (part.has("String")) return literal(text);
  try {
    return regex(text);
  } catch (const Error& error) {
    part.refuse(error.what());
  }
}

}  // namespace switchyard::hub
