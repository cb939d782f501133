// JSON of strangers, in which an object has each key once.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace switchyard {

// The document, with keys in the text's order. name: how errors name it. Errors: Exit::data for
// text that is not JSON, or for an object that has a key twice, of which a parser would keep one in
// silence.
nlohmann::ordered_json parse_strict_json(const std::string& text, const std::string& name);

}  // namespace switchyard
