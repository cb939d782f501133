// A JSON line: the few fields of it that make a document.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "io/prepare/input/problems.h"

namespace switchyard::prepare {

struct JsonLine {
  std::string text;
  std::string id;    // "id" if it is a string or an integer; else empty
  std::string url;   // "url" if it is a string
  std::string meta;  // compact JSON object of "date", "licence", "license" and "source", as far as
                     // they are strings or numbers; empty if none is
};

// line: valid UTF-8. Says broken_json for what is not JSON (a lone surrogate included), for a field
// of the above that occurs twice, and for a number among them that no double can hold; and
// no_text_field where `text_field` is not a string of the outermost object.
std::variant<JsonLine, Problem> read_json_line(std::string_view line, std::string_view text_field);

}  // namespace switchyard::prepare
