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
                     // they are strings, or numbers that a double can hold; empty if none is
  bool had_lone_surrogates = false;  // in one of the above; each became U+FFFD
};

// line: valid UTF-8. As Python's and JavaScript's readers do, it takes the last of several members
// of one name. Says broken_json for what is not JSON (io/prepare/input/json_scanner.h), and
// no_text_field where `text_field` is not a string of the outermost object.
std::variant<JsonLine, Problem> read_json_line(std::string_view line, std::string_view text_field);

}  // namespace switchyard::prepare
