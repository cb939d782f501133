// A JSON line: the few fields of it that make a document.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <variant>

#include "io/prepare/input/problems.h"

namespace switchyard::prepare {

// The fields of a line that make a document's text.
struct TextFields {
  std::string text = "text";
  std::string prompt{};  // of what goes before the text, and is to be answered; empty: none

  TextFields() = default;
  TextFields(std::string_view text_field, std::string_view prompt_field = "")
      : text(text_field), prompt(prompt_field) {}
  TextFields(const char* text_field) : text(text_field) {}
  auto operator<=>(const TextFields&) const = default;
};

struct JsonLine {
  std::string text;
  std::string prompt;  // if the line has one
  std::string id;      // "id" if it is a string or an integer; else empty
  std::string url;     // "url" if it is a string
  std::string meta;  // compact JSON object of "date", "licence", "license" and "source", as far as
                     // they are strings, or numbers that a double can hold; empty if none is
  bool had_lone_surrogates = false;  // in one of the above; each became U+FFFD
};

// line: valid UTF-8. As Python's and JavaScript's readers do, it takes the last of several members
// of one name. Says broken_json for what is not JSON (io/prepare/input/json_scanner.h), and
// no_text_field where the text's field is not a string of the outermost object, and no_prompt_field
// where a prompt's field was named and is not one.
std::variant<JsonLine, Problem> read_json_line(std::string_view line, const TextFields& names);

}  // namespace switchyard::prepare
